from __future__ import annotations

import numpy as np
import pytest

from reobj.detection.imperfections import ImperfectDetector, ImperfectionConfig
from reobj.errors import InputError
from reobj.types import Frame, Instances

N = 40
NOTHING = {"miss": 0.0, "split": 0.0, "label_swap": 0.0, "border_px": 0.0, "shift_px": 0.0}


class Squares:
    """Forty squares of 20 pixels, 10 apart."""

    def detect(self, frame: Frame) -> Instances:
        image = np.zeros((frame.height, frame.width), np.uint16)
        boxes = []
        for i in range(N):
            y, x = 10 + 30 * (i // 8), 10 + 30 * (i % 8)
            image[y : y + 20, x : x + 20] = i + 1
            boxes.append((x, y, x + 20, y + 20))
        scores = np.linspace(0.1, 1, N, dtype=np.float32)
        return Instances(np.array(boxes, np.float32), image, ("chair",) * N, scores)


def frame(stamp_ns: int = 0) -> Frame:
    return Frame(np.zeros((170, 260, 3), np.uint8), stamp_ns)


def spoiled(stamp_ns: int = 0, **options: float) -> Instances:
    config = ImperfectionConfig(**{**NOTHING, **options})  # type: ignore[arg-type]
    return ImperfectDetector(Squares(), config).detect(frame(stamp_ns))


def test_without_mistakes_everything_stays() -> None:
    true, found = Squares().detect(frame()), spoiled()
    np.testing.assert_array_equal(found.label_image, true.label_image)
    np.testing.assert_array_equal(found.boxes, true.boxes)
    np.testing.assert_array_equal(found.scores, true.scores)
    assert found.labels == true.labels


def test_missed_as_often_as_said() -> None:
    share = np.mean([len(spoiled(stamp, miss=0.3)) for stamp in range(50)]) / N
    assert share == pytest.approx(0.7, abs=0.04)  # 2000 draws: a standard error of 0.01


def test_a_split_gives_two_parts_of_one_mask() -> None:
    found = spoiled(split=1.0)
    assert len(found) == 2 * N
    np.testing.assert_array_equal(found.label_image > 0, Squares().detect(frame()).label_image > 0)
    np.testing.assert_allclose(found.scores[:N], found.scores[N:])


def test_swapped_labels_are_other_ones_of_the_vocabulary() -> None:
    found = spoiled(label_swap=1.0)
    assert "chair" not in found.labels
    assert set(found.labels) <= set(ImperfectionConfig().vocabulary)
    assert len(set(found.labels)) > 3


def test_shifted_boxes_move_with_the_deviation_said() -> None:
    moved = [spoiled(stamp, shift_px=1.5).boxes - Squares().detect(frame()).boxes for stamp in range(20)]
    steps = np.concatenate([m[:, :2] for m in moved])
    assert steps.std() == pytest.approx(np.sqrt(1.5**2 + 1 / 12), rel=0.1)  # rounding adds 1/12


def test_borders_move_both_ways() -> None:
    areas = np.bincount(spoiled(border_px=2.0).label_image.ravel())[1:]
    assert (areas > 400).any()
    assert (areas < 400).any()


def test_a_rerun_is_identical_and_another_frame_is_not() -> None:
    mistakes = {"miss": 0.2, "split": 0.2, "shift_px": 2.0, "border_px": 2.0, "label_swap": 0.2}
    first, again, other = (spoiled(stamp, **mistakes) for stamp in (3, 3, 4))
    np.testing.assert_array_equal(first.label_image, again.label_image)
    assert first.labels == again.labels
    assert not np.array_equal(first.label_image, other.label_image)


def test_one_probability_does_not_move_the_other_mistakes() -> None:
    assert spoiled(7, miss=0.3).boxes.tolist() == spoiled(7, miss=0.3, label_swap=0.5).boxes.tolist()


def test_all_missed_is_an_empty_result() -> None:
    found = spoiled(miss=1.0)
    assert len(found) == 0
    assert not found.label_image.any()


def test_parts_that_became_too_small_are_dropped() -> None:
    assert len(spoiled(min_area_px=401)) == 0


@pytest.mark.parametrize(
    "bad",
    [{"miss": 1.2}, {"split": -0.1}, {"shift_px": -1.0}, {"border_px": np.nan}, {"vocabulary": ("chair",)}],
)
def test_bad_configuration_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(InputError, match=next(iter(bad))):
        ImperfectionConfig(**bad)  # type: ignore[arg-type]
