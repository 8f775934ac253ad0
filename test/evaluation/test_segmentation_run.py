"""Masks followed over made-up recordings, and the command over a folder like DAVIS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from reobj.cli import app
from reobj.detection.carrying.optical_flow import DISFlow
from reobj.detection.label_image import LabelImageConfig
from reobj.errors import InputError, ModelError
from reobj.evaluation.segmentation_run import Method, SegmentationSettings, follow_masks
from reobj.evaluation.segmentation_tables import scores_of, segmentation_tables
from reobj.types import Frame, LabelImage

H, W, STEP = 60, 100, 2
PAINT = cv2.resize(
    np.random.default_rng(2).integers(60, 190, (15, 80, 3), np.uint8), (320, H), interpolation=cv2.INTER_CUBIC
)
ALL = LabelImageConfig(min_area=0.0, min_area_at_border=0.0, exclude=("wall", "void"))


class Panning:
    """A camera that pans over a wall with one square, which it leaves after 30 frames."""

    name, has_truth = "panning", True

    def __init__(self, frames: int, void: bool = False, truth: bool = True) -> None:
        self._frames, self._void, self._truth = frames, void, truth

    def __len__(self) -> int:
        return self._frames

    def __iter__(self) -> Iterator[tuple[Frame, LabelImage | None]]:
        for number in range(self._frames):
            ids = np.full((H, W), 4, np.uint16)
            x = 60 - STEP * number
            ids[20:40, max(x, 0) : max(x + 20, 0)] = 9
            if self._void:
                ids[:, max(x + 10, 0) : max(x + 20, 0)] = 255
            truth = LabelImage(ids, {4: "wall", 9: "poster", 255: "void"}) if self._truth else None
            yield Frame(PAINT[:, STEP * number : STEP * number + W].copy(), number), truth


def follow(source: Panning, gap: int, *methods: Method):
    return follow_masks(source, SegmentationSettings(methods, gap, ALL), DISFlow())


def test_copied_masks_lose_what_moved_away() -> None:
    (followed,) = follow(Panning(6), 10, Method.copy)
    # a square of 20 that moved by 2n: overlap 20 - 2n of 20 + 2n columns
    expected = [(20 - 2 * n) / (20 + 2 * n) for n in range(1, 6)]
    np.testing.assert_allclose(followed.scores[Method.copy][:, 0], expected)
    assert followed.label == "poster"


def test_a_key_frame_ends_one_stretch_and_begins_the_next() -> None:
    objects = follow(Panning(11), 4, Method.copy)
    assert [len(o.scores[Method.copy]) for o in objects] == [4, 4, 2]
    np.testing.assert_array_equal(objects[0].scores[Method.copy], objects[1].scores[Method.copy])


def test_without_gap_the_first_frame_is_followed_up_to_the_last_but_one() -> None:
    (followed,) = follow(Panning(8), 0, Method.copy)
    assert len(followed.scores[Method.copy]) == 6


def test_flow_beats_copying() -> None:
    (followed,) = follow(Panning(8), 10, *Method)
    last = {method: scores[-1, 0] for method, scores in followed.scores.items()}
    assert last[Method.copy] < 0.3
    assert all(last[method] > 0.7 for method in Method if method is not Method.copy)


def test_the_refiner_s_weights_are_read_only_where_a_method_has_one(tmp_path: Path) -> None:
    missing = tmp_path / "none.safetensors"
    settings = SegmentationSettings((Method.copy, Method.ego_motion), 10, ALL, refiner=missing)
    assert len(follow_masks(Panning(3), settings, DISFlow())) == 1
    with pytest.raises(ModelError, match=r"none\.safetensors"):
        follow_masks(Panning(3), replace(settings, methods=(Method.refiner,)), DISFlow())


def test_void_pixels_count_for_nobody() -> None:
    (followed,) = follow(Panning(3, void=True), 10, Method.copy)
    # the left ten columns; two of them were outside the mask and two more of the mask lie in the void
    assert followed.scores[Method.copy][0, 0] == pytest.approx(8 / 10)


def test_a_recording_without_truth_is_refused() -> None:
    with pytest.raises(InputError, match="recording panning: expected true instances"):
        follow(Panning(3, truth=False), 10, Method.copy)


def test_a_recording_of_one_frame_has_nothing_to_follow() -> None:
    assert follow(Panning(1), 10, Method.copy) == []
    assert scores_of([]) == {}


def test_means_are_over_objects_and_gaps_over_those_that_last_so_long() -> None:
    objects = follow(Panning(11), 4, Method.copy)
    scores = scores_of(objects)[Method.copy]
    j = [(20 - 2 * n) / (20 + 2 * n) for n in range(1, 5)]
    assert scores.objects == 3
    np.testing.assert_allclose(scores.j_by_gap, j)
    assert scores.j.mean == pytest.approx((2 * np.mean(j) + np.mean(j[:2])) / 3)
    assert scores.j_and_f == pytest.approx((scores.j.mean + scores.f.mean) / 2)
    assert segmentation_tables({Method.copy: scores})[1].heads == ("masks", "1", "2", "3")


@pytest.fixture
def davis(tmp_path: Path) -> Path:
    for number, (frame, truth) in enumerate(Panning(6)):
        assert truth is not None
        for kind in ("JPEGImages", "Annotations"):
            (tmp_path / "davis" / kind / "480p" / "wall").mkdir(parents=True, exist_ok=True)
        images, masks = (
            tmp_path / "davis" / kind / "480p" / "wall" for kind in ("JPEGImages", "Annotations")
        )
        Image.fromarray(frame.colour).save(images / f"{number:05}.jpg", quality=95)
        Image.fromarray((truth.ids == 9).astype(np.uint8)).save(masks / f"{number:05}.png")
    return tmp_path / "davis"


def test_the_command_writes_tables_and_scores(davis: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = ["evaluate", "segmentation", str(davis), "--gap", "0", "--methods", "copy,colour"]
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, [*command, "--flow", "dis", "--out", str(out)])
    assert result.exit_code == 0, result.output
    data = json.loads((out / "scores.json").read_text())
    assert data["sources"] == ["wall"] and list(data["methods"]) == ["copy", "colour"]
    assert data["methods"]["copy"]["j_by_gap"] == pytest.approx(
        [(20 - 2 * n) / (20 + 2 * n) for n in range(1, 5)]
    )
    assert data["methods"]["colour"]["j"]["mean"] > data["methods"]["copy"]["j"]["mean"]
    assert f"{data['methods']['copy']['j']['mean']:.3f}" in result.output
    assert "| copy | 1 |" in (out / "segmentation.md").read_text()
    assert Image.open(out / "segmentation.png").width > 500


def test_an_unknown_method_is_refused() -> None:
    result = CliRunner().invoke(app, ["evaluate", "segmentation", "x", "--methods", "copy,magic"])
    assert result.exit_code == 2 and "magic" in result.output
