from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reobj.card_file import WEIGHTS_FILE
from reobj.config import (
    PipelineConfig,
    build_associator,
    build_pipeline,
    build_runs,
    load_config,
    parse_config,
)
from reobj.detection.imperfections import ImperfectDetector, ImperfectionConfig
from reobj.detection.mask_rcnn.mask_rcnn import MaskRCNNConfig
from reobj.encoding.similarity import SimilarityCalibration
from reobj.errors import ConfigError
from reobj.types import Embeddings, Frame, Instances, LabelImage, ModelId

DEFAULTS = Path(__file__).parent.parent / "config" / "pipeline.yaml"
FAST = {"name": "backbone", "crop_size": 32, "synthetic_images": 8, "components": 4}


def truth(stamp_ns: int) -> LabelImage:
    ids = np.zeros((48, 64), np.uint16)
    ids[10:30, 10:30], ids[20:40, 40:55] = 7, 9
    return LabelImage(ids, {7: "chair", 9: "cup"})


def frame(stamp_ns: int) -> Frame:
    y, x = np.mgrid[:48, :64]
    return Frame(np.stack([x * 4, y * 5, x * y % 256], axis=-1).astype(np.uint8), stamp_ns)


def test_the_file_that_ships_holds_the_defaults() -> None:
    assert load_config(DEFAULTS) == PipelineConfig()


def test_the_file_that_ships_names_every_key() -> None:
    import dataclasses

    import yaml

    def check(config: object, data: dict[str, object], path: str) -> None:
        for field in dataclasses.fields(config):  # type: ignore[arg-type]
            assert field.name in data, f"{path}.{field.name}"
            value = getattr(config, field.name)
            if dataclasses.is_dataclass(value):
                check(value, data[field.name], f"{path}.{field.name}")  # type: ignore[arg-type]

    data, config = yaml.safe_load(DEFAULTS.read_text()), PipelineConfig()
    check(config.detector.options, data["detector"], "detector")
    check(config.encoder.options, data["encoder"], "encoder")
    check(config.association, data["association"], "association")


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    assert load_config(tmp_path / "empty.yaml") == PipelineConfig()


def test_a_stage_is_chosen_by_name_with_its_own_options() -> None:
    config = parse_config(
        {"detector": {"name": "mask_rcnn", "min_score": 0.7, "imperfections": {"miss": 0.5}}}
    )
    assert config.detector.options == MaskRCNNConfig(min_score=0.7)
    assert config.detector.imperfections == ImperfectionConfig(miss=0.5)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"detektor": {}}, "detektor: unknown key"),
        ({"detector": {"name": "yolo"}}, r"detector\.name: .*depth_segments, label_image, mask"),
        ({"encoder": {"name": "vit"}}, r"encoder\.name: .*backbone"),
        ({"encoder": {"name": 3}}, r"encoder\.name: expected a name"),
        ({"encoder": {"crop": 64}}, r"encoder\.crop: unknown key"),
        (
            {"encoder": {"name": "backbone", "context": {"ratio": "big"}}},
            r"encoder\.context\.ratio: expected float",
        ),
        ({"encoder": {"name": "backbone", "crop_size": 2}}, "encoder: crop_size: expected an integer >= 16"),
        ({"encoder": {"name": "trained", "model": 3}}, r"encoder\.model: expected str"),
        ({"detector": {"min_area": 3.0}}, "detector: min_area"),
        ({"detector": {"imperfections": {"mis": 1}}}, r"detector\.imperfections\.mis"),
        ({"association": {"tracker": {"max_ages": 3}}}, r"association\.tracker\.max_ages"),
        ({"association": []}, "association: expected a mapping"),
        ({"association": {"calibration": None}}, r"association\.calibration: expected a mapping"),
        (
            {"association": {"calibration": {"source": "file"}}},
            "source: expected one of model, learned, given",
        ),
        ({"association": {"thresholds": {"match": 2.0}}}, r"association\.thresholds: match: expected"),
        ({"detector": 3}, "detector: expected a mapping"),
        ([1], "configuration: expected a mapping"),
    ],
)
def test_errors_name_the_key(data: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_config(data)


def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read"):
        load_config(tmp_path / "none.yaml")
    (tmp_path / "broken.yaml").write_text("detector: [")
    with pytest.raises(ConfigError, match=r"broken\.yaml: expected YAML"):
        load_config(tmp_path / "broken.yaml")


def test_a_pipeline_gives_ids_that_last() -> None:
    pipeline = build_pipeline(parse_config({"encoder": FAST}), "cpu", truth)
    seen: dict[str, set[int]] = {"chair": set(), "cup": set()}
    for i in range(8):
        result = pipeline.step(frame(i * 100_000_000))
        for tracked in result.objects:
            seen[result.instances.labels[tracked.index]].add(tracked.object_id)
    assert len(seen["chair"] - {0}) == len(seen["cup"] - {0}) == 1
    assert seen["chair"] - {0} != seen["cup"] - {0}


def test_imperfections_wrap_the_detector() -> None:
    config = parse_config({"encoder": FAST, "detector": {"imperfections": {"miss": 1.0}}})
    pipeline = build_pipeline(config, "cpu", truth)
    assert isinstance(pipeline.detector, ImperfectDetector)
    assert len(pipeline.step(frame(0)).instances) == 0


def test_the_offline_runs_share_detector_and_encoder() -> None:
    runs = build_runs(truth, "cpu", parse_config({"encoder": FAST}))
    assert list(runs) == ["colour", "colour_depth_pose", "deepsort"]
    one = frame(0)
    results = [run.pipeline.step(run.mode.limit(one)) for run in runs.values()]
    assert results[0].embeddings is results[1].embeddings is results[2].embeddings


CALIBRATION = SimilarityCalibration(slope=30.0, offset=-24.0, match=0.65, new=0.95, pairs=100, error=0.02)


@pytest.fixture
def trained(tiny_model: Callable[..., Any], tmp_path: Path) -> tuple[PipelineConfig, ModelId]:
    """A configuration with a trained encoder that was measured, and its model."""
    card = tiny_model("measured", calibration=CALIBRATION)
    config = parse_config({"encoder": {"name": "trained", "model": str(tmp_path / "measured")}})
    return config, card.model_id


def says(associator: Any, model: ModelId, similarity: float) -> float:
    """The log-likelihood ratio that holds after an empty frame of a model."""
    nothing = Embeddings(np.zeros((0, model.dim), np.float32), model)
    associator.update(Frame.without_colour(48, 64, 0, "camera"), Instances.empty(48, 64), nothing)
    return float(associator.evidence["appearance"].calibration.log_ratio(np.array(similarity)))


def test_a_pipeline_associates_by_the_calibration_of_its_encoder(
    trained: tuple[PipelineConfig, ModelId],
) -> None:
    pipeline = build_pipeline(trained[0], "cpu", truth)
    assert pipeline.encoder.model == trained[1]
    assert says(pipeline.associator, trained[1], 0.9) == pytest.approx(30 * 0.9 - 24)


def test_the_offline_runs_associate_by_the_calibration_of_their_encoder(
    trained: tuple[PipelineConfig, ModelId],
) -> None:
    runs = build_runs(truth, "cpu", trained[0])
    for name in ("colour", "colour_depth_pose"):
        assert says(runs[name].pipeline.associator, trained[1], 0.9) == pytest.approx(30 * 0.9 - 24)


def test_an_associator_alone_reads_the_card_and_no_weights(
    trained: tuple[PipelineConfig, ModelId], tmp_path: Path
) -> None:
    (tmp_path / "measured" / WEIGHTS_FILE).unlink()
    assert says(build_associator(trained[0]), trained[1], 0.9) == pytest.approx(30 * 0.9 - 24)


def test_a_foreign_model_is_learned(trained: tuple[PipelineConfig, ModelId]) -> None:
    foreign = ModelId(trained[1].name, "0" * 64, trained[1].dim)
    assert says(build_associator(trained[0]), foreign, 0.9) == pytest.approx(20 * 0.9 - 14)


def test_where_the_model_cannot_be_read_its_calibration_is_learned(
    trained: tuple[PipelineConfig, ModelId], caplog: pytest.LogCaptureFixture
) -> None:
    elsewhere = parse_config({"encoder": {"name": "trained", "model": "on/another/machine"}})
    assert says(build_associator(elsewhere), trained[1], 0.9) == pytest.approx(20 * 0.9 - 14)
    assert "learned while running: model: expected" in caplog.text
