"""`reobj evaluate identity` over a small recording: its runs, its cache, its files and its errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from reobj.cli import app
from reobj.config import DetectorSection, EncoderSection
from reobj.detection.label_image import LabelImageConfig
from reobj.encoding.trained import TrainedConfig
from reobj.errors import InputError
from reobj.evaluation import identity_detections, identity_run
from reobj.evaluation.identity_rows import rows_of
from reobj.evaluation.identity_run import IdentitySettings, evaluate_scan
from reobj.evaluation.identity_systems import Inputs, Masks, System
from reobj.identity_report import IdentityReportConfig, evaluate_identity
from reobj.scans.writer import ScanNetWriter
from reobj.types import Intrinsics

WIDTH, HEIGHT, FRAMES = 80, 60, 12


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """Two objects that the camera sees from a little further along in each frame, at 10 Hz."""
    camera = Intrinsics(60.0, 60.0, 39.5, 29.5, WIDTH, HEIGHT)
    colour = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    depth = np.full((HEIGHT, WIDTH), 2000, np.uint16)
    folder = tmp_path / "scene0900_00"
    with ScanNetWriter(folder, camera, camera, {3: "chair", 8: "cup"}) as writer:
        for frame in range(FRAMES):
            ids = np.zeros((HEIGHT, WIDTH), np.uint8)
            ids[10:40, 40 - frame : 60 - frame], ids[20:40, 14 - frame : 30 - frame] = 3, 8
            pose = np.eye(4)
            pose[0, 3] = frame / 30  # a metre is thirty pixels at this depth
            writer.add(100_000 * frame, colour, depth, pose, ids)
    return folder


@pytest.fixture
def settings(tmp_path: Path, tiny_model: Callable[..., Any]) -> IdentitySettings:
    tiny_model("tiny")
    encoder = EncoderSection("trained", TrainedConfig(str(tmp_path / "tiny")))
    return IdentitySettings(masks=(Masks.true,), encoder=encoder, cache=tmp_path / "cache", device="cpu")


def test_the_masks_of_a_detector_are_those_of_the_one_that_is_given(
    scan: Path, settings: IdentitySettings
) -> None:
    chairs = DetectorSection("label_image", LabelImageConfig(exclude=("cup",)))
    given = replace(settings, masks=(Masks.detector,), systems=(System.deepsort,), detector=chairs)
    assert evaluate_scan(scan, given).runs[0].detected == FRAMES  # each of them has one chair
    other = replace(given, detector=DetectorSection("label_image", LabelImageConfig()))
    assert evaluate_scan(scan, other).runs[0].detected == 2 * FRAMES  # not the first one's, of the cache


def test_pictures_are_of_the_same_detector(scan: Path, settings: IdentitySettings, tmp_path: Path) -> None:
    chairs = DetectorSection("label_image", LabelImageConfig(exclude=("cup",)))
    given = replace(settings, masks=(Masks.detector,), systems=(System.reobj,), detector=chairs, cache=None)
    config = IdentityReportConfig((scan,), tmp_path / "out", given, workers=1, pictures=2)
    assert evaluate_identity(config)[0].key.masks is Masks.detector


def test_each_system_runs_with_all_inputs_that_it_makes_use_of(
    scan: Path, settings: IdentitySettings
) -> None:
    runs = evaluate_scan(scan, settings).runs
    assert [(run.key.system, run.key.inputs) for run in runs] == [
        *((System.reobj, inputs) for inputs in Inputs),
        (System.deepsort, Inputs.colour),
        (System.deepsort_long, Inputs.colour),
        (System.ceiling, Inputs.colour),
    ]
    assert {(run.frames, run.objects_true, len(run.latency_ms)) for run in runs} == {(FRAMES, 2, FRAMES)}


def test_with_true_masks_the_ceiling_is_one(scan: Path, settings: IdentitySettings) -> None:
    (row,) = rows_of([evaluate_scan(scan, replace(settings, systems=(System.ceiling,)))])
    assert (row.tracks.idf1, row.idf1_found, row.duplicates, row.deferred) == (1.0, 1.0, 0, 0.0)
    assert (row.purity, row.completeness) == (1.0, 1.0)
    assert {label: item.idf1 for label, item in row.classes.items()} == {"chair": 1.0, "cup": 1.0}


def test_a_second_run_detects_nothing_and_says_the_same(
    scan: Path, settings: IdentitySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = rows_of([evaluate_scan(scan, replace(settings, systems=(System.deepsort,)))])
    monkeypatch.setattr(identity_detections, "_detect", None)
    (again,) = rows_of([evaluate_scan(scan, replace(settings, systems=(System.deepsort,)))])
    assert replace(again, latency_ms=None) == replace(first, latency_ms=None)
    assert len(list((settings.cache or scan).glob("*.npz"))) == 1


def test_a_recording_that_changed_is_detected_anew(scan: Path, settings: IdentitySettings) -> None:
    chosen = replace(settings, systems=(System.ceiling,))
    evaluate_scan(scan, chosen)
    (scan / "scene0900_00.txt").write_text("another")
    evaluate_scan(scan, chosen)
    assert len(list((settings.cache or scan).glob("*.npz"))) == 2


def test_runs_see_only_their_inputs(
    scan: Path, settings: IdentitySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, list[tuple[bool, bool]]] = {}
    step = identity_run._Run.step

    def watch(run: Any, frame: Any, *others: Any) -> None:
        seen.setdefault(run.key.inputs.value, []).append((frame.depth is not None, frame.pose is not None))
        step(run, frame, *others)

    monkeypatch.setattr(identity_run._Run, "step", watch)
    evaluate_scan(scan, replace(settings, systems=(System.reobj,)))
    assert {name: set(some) for name, some in seen.items()} == {
        "colour": {(False, False)},
        "colour_depth": {(True, False)},
        "colour_depth_pose": {(True, True)},
        "drifting_pose": {(True, True)},
    }


def test_a_recording_without_truth_is_refused(scan: Path, settings: IdentitySettings) -> None:
    (scan / "scene0900_00_2d-instance-filt.zip").unlink()
    with pytest.raises(InputError, match="true instances"):
        evaluate_scan(scan, settings)


def command(scan: Path, tmp_path: Path, *options: str) -> Any:
    config = tmp_path / "pipeline.yaml"
    config.write_text(f"encoder: {{name: trained, model: {tmp_path / 'tiny'}}}\n")
    places = ["--out", str(tmp_path / "out"), "--cache", str(tmp_path / "cache"), "--config", str(config)]
    arguments = ["evaluate", "identity", str(scan), *places, "--workers", "1", "--device", "cpu", *options]
    return CliRunner(env={"COLUMNS": "80"}).invoke(app, arguments)


def test_the_command_prints_the_table_and_writes_scores_tables_and_a_page(
    scan: Path, tmp_path: Path, tiny_model: Callable[..., Any]
) -> None:
    tiny_model("tiny")
    result = command(scan, tmp_path, "--masks", "imperfect", "--modes", "colour,drifting_pose")
    assert result.exit_code == 0, result.output
    assert "drifting_pose" in result.output and "deepsort_long" in result.output
    scores = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert [(run["system"], run["inputs"]) for run in scores["runs"]] == [
        ("reobj", "colour"),
        ("reobj", "drifting_pose"),
        ("deepsort", "colour"),
        ("deepsort_long", "colour"),
        ("ceiling", "-"),
    ]
    assert list(scores["recordings"]) == ["scene0900_00"]
    page = (tmp_path / "out" / "identity.html").read_text()
    assert "1 % of the distance travelled" in page and "data:image/svg+xml" in page
    assert "| imperfect | deepsort_long | colour |" in (tmp_path / "out" / "identity.md").read_text()


def test_an_unknown_mode_is_refused_with_those_that_are_known(
    scan: Path, tmp_path: Path, tiny_model: Callable[..., Any]
) -> None:
    tiny_model("tiny")
    result = command(scan, tmp_path, "--modes", "colour,sonar")
    assert result.exit_code != 0
    assert "sonar" in result.output and "colour_depth" in result.output
