from __future__ import annotations

import numpy as np
import pytest

from reobj.detection.label_image import LabelImageConfig, LabelImageDetector
from reobj.errors import InputError
from reobj.types import Frame, LabelImage

EVERYTHING = LabelImageConfig(min_area=0, min_area_at_border=0)


def frame(stamp_ns: int = 0, height: int = 40, width: int = 50) -> Frame:
    return Frame(np.zeros((height, width, 3), np.uint8), stamp_ns)


def six_squares() -> LabelImage:
    """Ids 11 to 16, squares of 4 pixels inside the image."""
    ids = np.zeros((40, 50), np.uint16)
    for i in range(6):
        ids[10:14, 2 + 8 * i : 6 + 8 * i] = 11 + i
    return LabelImage(ids, {11 + i: f"thing {i}" for i in range(6)})


def detector(truth: LabelImage, config: LabelImageConfig = EVERYTHING) -> LabelImageDetector:
    return LabelImageDetector(lambda stamp_ns: truth, config)


def test_finds_each_true_mask_with_its_label_and_box() -> None:
    truth = six_squares()
    found = detector(truth).detect(frame())
    assert len(found) == 6
    for row, label in enumerate(found.labels):
        number = int(label.split()[1])
        np.testing.assert_array_equal(found.label_image == row + 1, truth.ids == 11 + number)
        assert found.boxes[row].tolist() == [2 + 8 * number, 10, 6 + 8 * number, 14]
        assert found.scores[row] == 1


def test_order_says_nothing_of_identity() -> None:
    found = detector(six_squares())
    orders = {found.detect(frame(stamp)).labels for stamp in range(20)}
    assert len(orders) > 10


def test_a_rerun_is_identical() -> None:
    first, again = (detector(six_squares()).detect(frame(5)) for _ in range(2))
    assert first.labels == again.labels
    np.testing.assert_array_equal(first.label_image, again.label_image)


def test_another_seed_gives_another_order() -> None:
    orders = {
        detector(six_squares(), LabelImageConfig(0, 0, seed=seed)).detect(frame(5)).labels
        for seed in range(8)
    }
    assert len(orders) > 4


def test_small_instances_are_dropped_and_cut_ones_sooner() -> None:
    ids = np.zeros((100, 100), np.uint16)
    ids[50:53, 50:53] = 1  # 9 pixels
    ids[20:24, 20:24] = 2  # 16 pixels
    ids[60:64, 0:4] = 3  # 16 pixels at the border
    ids[70:76, 0:6] = 4  # 36 pixels at the border
    truth = LabelImage(ids, {i: str(i) for i in range(5)})
    found = detector(truth, LabelImageConfig(min_area=10e-4, min_area_at_border=30e-4)).detect(
        frame(0, 100, 100)
    )
    assert sorted(found.labels) == ["2", "4"]


def test_structure_is_no_instance_and_an_unnamed_id_is_an_object() -> None:
    ids = np.zeros((10, 10), np.uint16)
    ids[:, :4], ids[4:6, 5:8] = 1, 2
    found = detector(LabelImage(ids, {1: "wall"})).detect(frame(0, 10, 10))
    assert found.labels == ("object",)


def test_an_image_without_ids_gives_no_instances() -> None:
    found = detector(LabelImage(np.zeros((40, 50), np.uint16), {})).detect(frame())
    assert len(found) == 0
    found.check_size(40, 50)


def test_masks_of_another_size_are_refused() -> None:
    with pytest.raises(InputError, match="60x40 pixels as its image, got 50x40"):
        detector(six_squares()).detect(frame(0, 40, 60))


@pytest.mark.parametrize("bad", [{"min_area": -0.1}, {"min_area_at_border": 1.5}, {"seed": -1}])
def test_bad_configuration_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(bad))):
        LabelImageConfig(**bad)  # type: ignore[arg-type]
