from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from reobj.detection.carrying.ego_motion import EgoMotion, RigidPlaces
from reobj.types import Frame, Intrinsics

CAMERA = Intrinsics(60.0, 62.0, 31.5, 23.5, 64, 48)


def frame(depth_m: float, pose: np.ndarray) -> Frame:
    colour = np.zeros((48, 64, 3), np.uint8)
    return Frame(colour, 0, depth=np.full((48, 64), depth_m, np.float32), intrinsics=CAMERA, pose=pose)


def moved(x: float = 0.0, z: float = 0.0, yaw: float = 0.0) -> np.ndarray:
    pose = np.eye(4)
    pose[:3, :3] = cv2.Rodrigues(np.array([0.0, yaw, 0.0]))[0]
    pose[:3, 3] = x, 0, z
    return pose


def source(now: Frame, key: Frame) -> RigidPlaces:
    ego = EgoMotion.of(key)
    assert ego is not None
    found = ego.source(now, key)
    assert found is not None
    return found


def test_places_are_those_of_the_projection() -> None:
    key, now = frame(2.0, moved(yaw=0.05)), frame(2.0, moved(x=0.1, z=0.05, yaw=0.03))
    places = source(now, key).source
    for u, v in ((10, 20), (40, 5)):
        ray = np.array([(u - CAMERA.cx) / CAMERA.fx, (v - CAMERA.cy) / CAMERA.fy, 1.0])
        in_map = now.pose @ np.append(2.0 * ray, 1)
        x, y, z, _ = np.linalg.inv(key.pose) @ in_map
        np.testing.assert_allclose(
            places[v, u], (CAMERA.fx * x / z + CAMERA.cx, CAMERA.fy * y / z + CAMERA.cy), atol=1e-3
        )


def test_a_side_step_before_a_wall_shows_the_same_wall_but_for_a_strip() -> None:
    key, now = frame(2.0, moved()), frame(2.0, moved(x=0.2))  # 0.2 * 60 / 2 = 6 pixels
    found = source(now, key)
    np.testing.assert_allclose(found.source[10, 20], (26, 10), atol=1e-4)
    assert found.known[:, :58].all() and not found.known[:, 58:].any()
    np.testing.assert_array_equal(found.unseen, ~found.known)


def test_what_was_hidden_or_came_since_is_not_known() -> None:
    key, now = frame(2.0, moved()), frame(2.0, moved())
    assert key.depth is not None
    key.depth[:10], key.depth[10:20], key.depth[20:30] = 1.5, 2.5, 2.03
    known = source(now, key).known
    assert not known[:20].any() and known[20:].all()


def test_unknown_depth_is_not_known() -> None:
    key, now = frame(2.0, moved()), frame(2.0, moved())
    assert key.depth is not None and now.depth is not None
    key.depth[:5], key.depth[5:10] = 0, np.nan
    now.depth[10:15], now.depth[15:20], now.depth[20:25] = 0, np.nan, np.inf
    known = source(now, key).known
    assert not known[:25].any() and known[25:].all()


def test_a_surface_behind_the_key_camera_is_not_known() -> None:
    assert not source(frame(2.0, moved(z=-5.0)), frame(2.0, moved())).known.any()


def test_without_depth_pose_or_with_another_camera_there_is_none() -> None:
    key = frame(2.0, moved())
    ego = EgoMotion.of(key)
    assert ego is not None
    for other in (
        replace(key, depth=None),
        replace(key, pose=None),
        replace(key, intrinsics=replace(CAMERA, fx=70.0)),
    ):
        assert ego.source(other, key) is None
    assert EgoMotion.of(replace(key, intrinsics=None)) is None
