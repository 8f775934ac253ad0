"""Association where the camera's lens bends the image: the same places as OpenCV's model of it gives."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from reobj.association.geometry import InstanceGeometry, measure
from reobj.association.lines_of_sight import LinesOfSight
from reobj.association.presence import Presence
from reobj.association.tracks.motion import CameraMotion
from reobj.distortion import Distortion
from reobj.types import Frame, Instances, Intrinsics

LENS = Distortion("plumb_bob", (-0.3, 0.09))
K = Intrinsics(150.0, 150.0, 159.5, 119.5, 320, 240, LENS)
PINHOLE = Intrinsics(150.0, 150.0, 159.5, 119.5, 320, 240)
#: looks along x of the map from the origin
POSE = np.array([[0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]], float)


def seen_at(points: np.ndarray) -> np.ndarray:
    """(N, 2) pixels of (N, 3) metres in the camera's frame."""
    pixels, _ = cv2.projectPoints(
        points, np.zeros(3), np.zeros(3), K.matrix, np.array(LENS.coefficients, np.float64)
    )
    return pixels[:, 0]


def test_a_thing_at_the_edge_of_the_image_is_where_it_is() -> None:
    point = np.array([[-1.5, 1.0, 2.0]])
    u, v = np.rint(seen_at(point)[0]).astype(int)
    masks, depth = np.zeros((240, 320), np.uint16), np.full((240, 320), 5.0, np.float32)
    masks[v - 12 : v + 13, u - 12 : u + 13] = 1
    depth[v - 12 : v + 13, u - 12 : u + 13] = 2.0
    box = np.array([[u - 12, v - 12, u + 13, v + 13]], np.float32)
    found = Instances(box, masks, ("cup",), np.ones(1, np.float32))
    frame = Frame(np.zeros((240, 320, 3), np.uint8), 0, depth=depth, intrinsics=K, pose=np.eye(4))
    np.testing.assert_allclose(measure(frame, found, np.eye(4)).positions[0], point[0], atol=0.03)


def places(centre: tuple[float, float, float]) -> InstanceGeometry:
    covariance, extent = np.full((1, 1, 1), 0.03**2) * np.eye(3), np.array([[0.3, 0.3, 0.3]])
    return InstanceGeometry(np.full(1, np.nan), np.array([centre]), covariance, extent)


def test_lines_of_sight_meet_the_image_where_the_lens_shows_the_box() -> None:
    sight = LinesOfSight.through(places((2.0, 1.2, -0.5)), POSE, K, less=0.0)
    corners = np.array([[x, y, z] for x in (1.85, 2.15) for y in (1.05, 1.35) for z in (-0.65, -0.35)])
    expected = seen_at((corners - POSE[:3, 3]) @ POSE[:3, :3])
    found = sight.pixels[0]
    for pixel in expected:
        assert np.linalg.norm(found - pixel, axis=1).min() < 1e-6


@pytest.mark.parametrize(("camera", "missed"), [(K, [1]), (PINHOLE, [])])
def test_what_only_the_lens_brings_into_view_can_be_missed(camera: Intrinsics, missed: list[int]) -> None:
    """At 2 m ahead and 2 m aside a pinhole of this focal length shows nothing any more."""
    presence, place = Presence(), places((2.0, 2.0, 0.0))
    found = []
    for second in range(4):
        image, depth = np.zeros((240, 320, 3), np.uint8), np.full((240, 320), 5.0, np.float32)
        frame = Frame(image, second * 10**9, depth=depth, intrinsics=camera, pose=POSE)
        nobody = Instances.empty(240, 320)
        found += presence.update(frame, POSE, nobody, np.zeros(0, np.int64), np.array([1]), place)
    assert found == missed


def test_a_turn_of_the_camera_moves_boxes_as_the_lens_shows_it() -> None:
    before = np.array([[-1.0, 0.4, 2.0], [0.8, -0.6, 1.5]])
    angle = np.radians(10)
    turn = np.eye(4)
    turn[:3, :3] = cv2.Rodrigues(np.array([0.0, angle, 0.0]))[0]
    after = before @ turn[:3, :3]  # the camera turns, so what it sees turns back
    moved, _ = CameraMotion.between(np.eye(4), turn, K).warp(seen_at(before), before[:, 2])
    np.testing.assert_allclose(moved, seen_at(after), atol=1e-3)
