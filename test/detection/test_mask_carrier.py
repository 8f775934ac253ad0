"""Masks that follow things moving over a picture."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from reobj.detection.carrying.mask_carrier import CarrierParts, MaskCarrier
from reobj.detection.carrying.optical_flow import DISFlow
from reobj.detection.masks import instances_from_label_image
from reobj.errors import InputError
from reobj.evaluation.segmentation import frame_scores
from reobj.types import Frame, Instances, Intrinsics

H, W = 240, 320
NOISE = cv2.resize(
    np.random.default_rng(3).integers(0, 40, (60, 80, 3), np.uint8),
    (2 * W, 2 * H),
    interpolation=cv2.INTER_CUBIC,
)


def scene(shift: int, other: int = 0) -> tuple[Frame, NDArray[np.uint16]]:
    """A red thing ``shift`` pixels on and a green one ``other`` pixels on, over a wall; with true masks."""
    colour = NOISE[:H, :W] + np.uint8(90)
    ids = np.zeros((H, W), np.uint16)
    for number, (y, x, tint) in enumerate(((40, 40 + shift, (120, 0, 0)), (140, 180 - other, (0, 120, 0)))):
        box = slice(y, y + 72), slice(x, x + 80)
        colour[box] = NOISE[300 - y : 372 - y, 50:130] + np.array(tint, np.uint8)
        ids[box] = number + 1
    return Frame(colour, shift), ids


def instances(ids: NDArray[np.uint16]) -> Instances:
    return instances_from_label_image(ids, np.array([1, 2]), ["red", "green"])


def follow(parts: CarrierParts | None, *shifts: tuple[int, int]):
    frame, ids = scene(0)
    carrier = MaskCarrier(DISFlow(), frame, instances(ids), parts)
    return [carrier.advance(scene(*shift)[0]) for shift in shifts]


def test_each_mask_follows_its_own_thing() -> None:
    steps = [(3 * n, 2 * n) for n in range(1, 9)]
    masks = follow(None, *steps)[-1]
    true = scene(*steps[-1])[1]
    assert (frame_scores(masks.label_image, true, 2)[:, 0] > 0.8).all()
    assert (frame_scores(scene(0)[1], true, 2)[:, 0] < 0.7).all()  # where they were
    assert (masks.confidence > 0.8).all()


def test_flow_alone_follows_too() -> None:
    masks = follow(CarrierParts(consistency=False, colour=False, ego_motion=False), (3, 2), (6, 4))[-1]
    assert (frame_scores(masks.label_image, scene(6, 4)[1], 2)[:, 0] > 0.85).all()


def test_a_cut_to_another_view_leaves_no_confidence() -> None:
    frame, ids = scene(0)
    carrier = MaskCarrier(DISFlow(), frame, instances(ids))
    elsewhere = np.random.default_rng(5).integers(0, 256, (H, W, 3), np.uint8)
    masks = carrier.advance(Frame(elsewhere, 1))
    assert (masks.confidence < 0.5).all()


def test_a_brighter_exposure_costs_no_confidence() -> None:
    frame, ids = scene(0)
    carrier = MaskCarrier(DISFlow(), frame, instances(ids))
    masks = carrier.advance(Frame((frame.colour * 0.6).astype(np.uint8), 1))
    assert (masks.confidence > 0.8).all()


def test_masks_come_back_into_view_by_depth_and_pose_however_many_frames_were_lost() -> None:
    # a wall 1 m away; the camera goes 60 pixels aside in one step, too far for the flow
    camera, depth = Intrinsics(100.0, 100.0, W / 2, H / 2, W, H), np.ones((H, W), np.float32)
    ids = np.zeros((H, W), np.uint16)
    ids[30:70, 70:110] = 1
    aside = np.eye(4)
    aside[0, 3] = 0.6
    key = Frame(NOISE[:H, 20 : 20 + W].copy(), 0, depth=depth, intrinsics=camera, pose=np.eye(4))
    now = replace(key, colour=NOISE[:H, 80 : 80 + W].copy(), stamp_ns=1, pose=aside)
    only = instances_from_label_image(ids, np.array([1]), ["poster"])
    true = np.roll(ids, -60, axis=1)
    with_pose, without = (
        MaskCarrier(DISFlow(), key, only, CarrierParts(colour=False, ego_motion=used)).advance(now)
        for used in (True, False)
    )
    np.testing.assert_array_equal(with_pose.label_image, true)
    assert with_pose.confidence[0] > 0.99
    assert frame_scores(without.label_image, true, 1)[0, 0] < 0.8


def test_no_instances_are_no_masks() -> None:
    frame, _ = scene(0)
    masks = MaskCarrier(DISFlow(), frame, Instances.empty(H, W)).advance(scene(2)[0])
    assert not masks.label_image.any() and masks.confidence.shape == (0,)


def test_another_size_is_refused() -> None:
    frame, ids = scene(0)
    with pytest.raises(InputError, match="320x240"):
        MaskCarrier(DISFlow(), frame, instances(ids)).advance(Frame(frame.colour[:50], 1))
    with pytest.raises(InputError, match="masks"):
        MaskCarrier(DISFlow(), Frame(frame.colour[:50], 1), instances(ids))
