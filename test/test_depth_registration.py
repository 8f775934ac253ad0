"""Depth moved into another camera: against a slow loop, and what that camera itself sees of a room."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from reobj.depth_registration import DepthRegistration
from reobj.distortion import Distortion
from reobj.errors import InputError
from reobj.scans.simulator.layouts import build_scene
from reobj.scans.simulator.rays import RayCaster
from reobj.scans.simulator.walk import plan_walk
from reobj.scans.simulator.world import assemble
from reobj.types import Intrinsics

DEPTH = Intrinsics(60.0, 61.0, 31.0, 23.5, 64, 48)
COLOUR = Intrinsics(58.0, 57.0, 33.5, 22.0, 64, 48)
LENS = Distortion("plumb_bob", (-0.25, 0.08, 1e-3, -1e-3))


def offset(x: float = 0.03, turn: float = 0.02) -> np.ndarray:
    """Depth camera to colour camera: aside, a little ahead, and turned."""
    pose = np.eye(4)
    pose[:3, :3] = Rotation.from_euler("yx", [turn, -turn / 2]).as_matrix()
    pose[:3, 3] = x, 0.002, -0.004
    return pose


def by_loop(depth: np.ndarray, source: Intrinsics, target: Intrinsics, pose: np.ndarray) -> np.ndarray:
    """Point by point, with a lens only in the target."""
    numbers = np.array(target.distortion.coefficients) if target.distortion else np.zeros(5)
    out = np.zeros((target.height, target.width))
    for v, u in zip(*np.nonzero(depth), strict=True):
        z = float(depth[v, u])
        point = np.array([(u - source.cx) / source.fx * z, (v - source.cy) / source.fy * z, z])
        moved = pose[:3, :3] @ point + pose[:3, 3]
        seen, _ = cv2.projectPoints(moved[None], np.zeros(3), np.zeros(3), target.matrix, numbers)
        column, row = np.rint(seen.ravel()).astype(int)
        if 0 <= column < target.width and 0 <= row < target.height:
            out[row, column] = moved[2] if not out[row, column] else min(moved[2], out[row, column])
    return out


def two_planes() -> np.ndarray:
    """A slanted wall, a box in front of it, and a hole in both."""
    depth = np.tile(np.linspace(2.0, 2.6, 64, dtype=np.float32), (48, 1))
    depth[15:35, 20:40] = 0.8
    depth[20:30, 25:50] = 0.0
    return depth


@pytest.mark.parametrize("lens", [None, LENS], ids=["pinhole", "lens"])
def test_every_point_lands_where_a_slow_loop_puts_it(lens: Distortion | None) -> None:
    target = Intrinsics(COLOUR.fx, COLOUR.fy, COLOUR.cx, COLOUR.cy, 64, 48, lens)
    expected = by_loop(two_planes(), DEPTH, target, offset())
    found = DepthRegistration(DEPTH, target, offset())(two_planes())
    assert found.dtype == np.float32
    known = expected > 0
    assert known.mean() > 0.5
    np.testing.assert_allclose(found[known], expected[known], atol=1e-5)


def test_only_cracks_are_filled_and_only_with_what_is_within_two_pixels() -> None:
    expected = by_loop(two_planes(), DEPTH, COLOUR, offset())
    found = DepthRegistration(DEPTH, COLOUR, offset())(two_planes())
    filled = np.argwhere((expected == 0) & (found > 0))
    assert len(filled) > 0
    for row, column in filled:
        around = expected[max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3]
        assert np.isclose(around, found[row, column], atol=1e-5).any()
    assert (found[22:27, 34:42] == 0).all()  # the hole stays one


def test_the_nearer_of_two_points_is_seen() -> None:
    """A box before a wall, from a camera further right: it covers wall that the depth camera saw."""
    depth = np.full((48, 64), 4.0, np.float32)
    depth[:, 20:30] = 1.0
    pose = np.eye(4)
    pose[0, 3] = -0.2
    found = DepthRegistration(DEPTH, DEPTH, pose)(depth)
    shift_near, shift_far = 60.0 * 0.2 / 1.0, 60.0 * 0.2 / 4.0
    near = np.flatnonzero(found[24] == 1.0)
    assert (near.min(), near.max()) == (20 - shift_near, 29 - shift_near)
    hidden = np.arange(30 - int(shift_near), 30 - int(shift_far))
    assert (found[24, hidden] == 0).all()  # the box hid it from the depth camera


def test_an_image_of_twice_the_size_has_no_holes() -> None:
    finer = Intrinsics(2 * DEPTH.fx, 2 * DEPTH.fy, 2 * DEPTH.cx + 0.5, 2 * DEPTH.cy + 0.5, 128, 96)
    depth = np.full((48, 64), 2.0, np.float32)
    found = DepthRegistration(DEPTH, finer, np.eye(4))(depth)
    assert found.shape == (96, 128)
    np.testing.assert_allclose(found, 2.0, atol=1e-6)


def test_what_lies_beyond_the_border_of_the_depth_stays_unknown() -> None:
    """Two pixels of shift: of the first two columns nothing is known, and no crack is taken for them."""
    pose = np.eye(4)
    pose[0, 3] = 2 * 2.0 / DEPTH.fx
    found = DepthRegistration(DEPTH, DEPTH, pose)(np.full((48, 64), 2.0, np.float32))
    assert (found[:, :2] == 0).all() and (found[:, 2:] == 2.0).all()


def test_depth_without_any_value_is_unknown_everywhere() -> None:
    assert not DepthRegistration(DEPTH, COLOUR, offset())(np.zeros((48, 64), np.float32)).any()


def test_points_behind_the_target_are_not_seen() -> None:
    pose = np.eye(4)
    pose[2, 3] = -3.0
    assert not DepthRegistration(DEPTH, DEPTH, pose)(np.full((48, 64), 2.0, np.float32)).any()


def test_depth_of_another_size_than_its_camera_is_refused() -> None:
    register = DepthRegistration(DEPTH, COLOUR, np.eye(4))
    with pytest.raises(InputError, match="expected 64x48, as its camera_info says, got 32x24"):
        register(np.ones((24, 32), np.float32))


def test_a_pose_that_is_not_rigid_is_refused() -> None:
    with pytest.raises(InputError, match="rotation"):
        DepthRegistration(DEPTH, COLOUR, np.diag([2.0, 1.0, 1.0, 1.0]))


@pytest.mark.parametrize("lens", [None, LENS], ids=["pinhole", "lens"])
def test_a_room_looks_as_the_other_camera_sees_it(lens: Distortion | None) -> None:
    scene = build_scene(3, "office")
    world = assemble(scene)
    caster = RayCaster(world.vertices, world.faces)
    source = Intrinsics(144.0, 144.0, 79.5, 59.5, 160, 120)
    target = Intrinsics(155.0, 155.0, 82.0, 57.0, 160, 120, lens)

    def seen(camera: Intrinsics, pose: np.ndarray) -> np.ndarray:
        v, u = np.mgrid[0 : camera.height, 0 : camera.width]
        x, y = camera.rays(u, v)
        sight = np.stack([x, y, np.ones(x.shape)], axis=-1).reshape(-1, 3)
        origins = np.tile(pose[:3, 3].astype(np.float32), (len(sight), 1))
        hits = caster.hits(origins, (sight @ pose[:3, :3].T).astype(np.float32))
        return hits.distance.reshape(camera.height, camera.width).astype(np.float32)

    for of_depth in plan_walk(scene, 30, 10.0).poses[::10]:
        truth = seen(target, of_depth @ np.linalg.inv(offset(0.05)))
        found = DepthRegistration(source, target, offset(0.05))(seen(source, of_depth))
        known = found > 0
        assert known[8:-8, 8:-16].mean() > 0.9
        errors = np.abs(found - truth)[known] / truth[known]
        assert np.median(errors) < 0.005
        assert (errors < 0.05).mean() > 0.93  # the others are borders of things, half a pixel off
