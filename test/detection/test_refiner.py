"""The learned refiner: what its logits do to masks, and the weights that ship."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from reobj.detection.carrying.mask_carrier import CarrierParts, MaskCarrier
from reobj.detection.carrying.optical_flow import DISFlow
from reobj.detection.carrying.refiner import SHIPPED, MaskRefiner, save_refiner
from reobj.detection.carrying.refiner_crops import SIDE, CarriedView, crop_boxes
from reobj.detection.carrying.refiner_network import RefinerNetwork
from reobj.detection.masks import instances_from_label_image
from reobj.detection.propagation import PropagationConfig, make_parts
from reobj.errors import ModelError
from reobj.types import Frame

H, W = 96, 120


class Fixed(RefinerNetwork):
    """Says the same logits (M, S, S) to everything."""

    def __init__(self, logits: NDArray[np.float32]) -> None:
        super().__init__()
        self.logits = torch.from_numpy(logits)[:, None]

    def forward(self, appearance: Tensor, motion: Tensor) -> Tensor:
        return self.logits[: len(appearance)]


def view(labels: NDArray[np.uint16], trusted: int = 0) -> CarriedView:
    flat = np.full((*labels.shape, 3), 128, np.uint8)
    still = np.zeros((*labels.shape, 2), np.float32)
    return CarriedView(flat, labels, labels, np.full(labels.shape, trusted, np.uint8), still, None)


def masks() -> NDArray[np.uint16]:
    labels = np.zeros((H, W), np.uint16)
    labels[20:60, 16:64] = 1
    labels[30:70, 64:112] = 2
    return labels


def refined(labels: NDArray[np.uint16], *values: float) -> NDArray[np.uint16]:
    """With the same logit in the whole crop of each mask."""
    logits = np.stack([np.full((SIDE, SIDE), v, np.float32) for v in values])
    return MaskRefiner(Fixed(logits))(view(labels), len(values))


def test_a_network_that_is_not_sure_changes_nothing() -> None:
    np.testing.assert_array_equal(refined(masks(), 1.9, -1.9), masks())


def test_a_mask_that_is_surely_wrong_goes() -> None:
    found = refined(masks(), -2.1, 0.0)
    np.testing.assert_array_equal(found, np.where(masks() == 1, 0, masks()))


def test_what_was_followed_all_the_way_stays_as_it_is() -> None:
    seen = view(masks())
    seen.trusted[:, :40] = 1
    gone = MaskRefiner(Fixed(np.full((2, SIDE, SIDE), -9, np.float32)))(seen, 2)
    np.testing.assert_array_equal(gone, np.where(seen.trusted, masks(), 0))


def test_a_mask_without_a_crop_keeps_what_nobody_else_is_sure_of() -> None:
    seen = view(masks(), trusted=1)
    seen.trusted[30:60, 64:68] = 0  # in both crops
    seen.trusted[40, 111] = 0  # between the points of the second one's
    kept = MaskRefiner(Fixed(np.full((2, SIDE, SIDE), 0.5, np.float32)))(seen, 2)
    np.testing.assert_array_equal(kept, masks())


def test_where_two_masks_want_a_pixel_the_surer_one_has_it() -> None:
    _, boxes = crop_boxes(masks(), 2)
    crops = np.zeros((2, H, W), bool)
    for crop, (x0, y0, x1, y1) in zip(crops, boxes.astype(int), strict=True):
        crop[max(y0, 0) : y1, max(x0, 0) : x1] = True
    # 9 - 2 on foreign ground is still more than 4 + 2 on one's own
    expected = np.where(crops[0], 1, np.where(crops[1], 2, 0))
    np.testing.assert_array_equal(refined(masks(), 9.0, 4.0), expected)


def test_a_cell_is_put_where_it_was_cut_out() -> None:
    labels = np.zeros((H, W), np.uint16)
    labels[24:72, 36:84] = 1  # grown by 12 on each side: cells of 1.5 pixels from x 24 and y 12 on
    logits = np.full((1, SIDE, SIDE), -9, np.float32)
    logits[0, 20:24, 10:18] = 9
    y, x = np.nonzero(MaskRefiner(Fixed(logits))(view(labels), 1))
    assert abs(x.mean() + 0.5 - (24 + 14 * 1.5)) < 0.3
    assert abs(y.mean() + 0.5 - (12 + 22 * 1.5)) < 0.3


def test_a_mask_that_is_gone_does_not_come_back() -> None:
    only_second = np.where(masks() == 2, masks(), 0).astype(np.uint16)
    found = refined(only_second, 9.0, 9.0)
    assert set(np.unique(found)) == {0, 2}


def test_without_masks_nothing_is_found() -> None:
    assert not refined(np.zeros((H, W), np.uint16), 9.0).any()


def test_the_carrier_gives_the_refiner_the_last_word() -> None:
    seen: list[CarriedView] = []

    def drop_all(view: CarriedView, count: int) -> NDArray[np.uint16]:
        seen.append(view)
        return np.zeros_like(view.labels)

    colour = np.random.default_rng(1).integers(0, 256, (H, W, 3), np.uint8)
    key = instances_from_label_image(masks(), np.array([1, 2]), ["a", "b"])
    carrier = MaskCarrier(DISFlow(), Frame(colour, 0), key, CarrierParts(refiner=drop_all))
    assert not carrier.advance(Frame(colour, 1)).label_image.any()
    assert (seen[0].labels == masks()).mean() > 0.99
    assert (seen[0].moved == masks()).mean() > 0.99
    assert seen[0].colour is colour and seen[0].depth is None


def test_saved_weights_say_the_same_after_loading(tmp_path: Path) -> None:
    torch.manual_seed(3)
    network = RefinerNetwork()
    save_refiner(network, tmp_path / "r.safetensors")
    loaded = MaskRefiner.load(tmp_path / "r.safetensors")
    crops = torch.randn(2, 9, SIDE, SIDE), torch.randn(2, 6, SIDE, SIDE)
    with torch.inference_mode():
        torch.testing.assert_close(loaded._network(*crops), network.eval()(*crops), rtol=1e-4, atol=1e-4)


def test_weights_of_something_else_are_refused(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(2)}, tmp_path / "other.pt")
    with pytest.raises(ModelError, match=r"other\.pt"):
        MaskRefiner.load(tmp_path / "other.pt")


def test_the_refiner_that_ships_is_small() -> None:
    assert sum(p.numel() for p in RefinerNetwork().parameters()) < 300_000
    assert SHIPPED.stat().st_size < 2_000_000


def test_the_refiner_that_ships_takes_back_what_is_not_the_object() -> None:
    # a red ball of which the left half was in the key frame; most of what came into view was given to it
    rng = np.random.default_rng(0)
    wall = cv2.resize(rng.integers(90, 150, (12, 15, 3), np.uint8), (W, H), interpolation=cv2.INTER_CUBIC)
    ball = cv2.circle(np.zeros((H, W), np.uint8), (80, 50), 24, 1, -1) > 0
    colour = np.where(ball[..., None], np.array([170, 40, 40], np.uint8), wall)
    unseen = np.arange(W) >= 80
    trusted = np.broadcast_to(~unseen, (H, W)).astype(np.uint8)
    labels = (ball | (unseen & (np.arange(H)[:, None] > 40))).astype(np.uint16)
    moved = (ball & ~unseen).astype(np.uint16)
    still = np.zeros((H, W, 2), np.float32)
    found = MaskRefiner.load()(CarriedView(colour, labels, moved, trusted, still, None), 1) == 1
    before, after = ((m & ball).sum() / (m | ball).sum() for m in (labels == 1, found))
    assert after > before + 0.2


def test_propagation_takes_the_shipped_refiner_none_or_a_file(tmp_path: Path) -> None:
    assert isinstance(make_parts(PropagationConfig()).refiner, MaskRefiner)
    assert make_parts(PropagationConfig(refiner="none")).refiner is None
    with pytest.raises(ModelError, match=r"^propagation\.refiner: .*lost\.safetensors"):
        make_parts(PropagationConfig(refiner=str(tmp_path / "lost.safetensors")))
