"""Pose messages <-> matrices, against scipy and hand calculation."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from reobj.errors import InputError
from reobj.scans.message_poses import (
    interpolate,
    invert,
    matrix_to_pose,
    pose_to_matrix,
    transform_to_matrix,
)

metres = st.floats(-100, 100)
angles = st.floats(-4, 4)


def pose(position: list[float], quaternion: list[float]) -> SimpleNamespace:
    return SimpleNamespace(
        position=SimpleNamespace(**dict(zip("xyz", position, strict=True))),
        orientation=SimpleNamespace(**dict(zip("xyzw", quaternion, strict=True))),
    )


def rigid(rotvec: list[float], position: list[float]) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec(rotvec).as_matrix()
    matrix[:3, 3] = position
    return matrix


def test_quarter_turn_about_z_takes_x_to_y() -> None:
    matrix = pose_to_matrix(pose([1, 2, 3], [0, 0, np.sqrt(0.5), np.sqrt(0.5)]))
    np.testing.assert_allclose(matrix @ [1, 0, 0, 1], [1, 3, 3, 1], atol=1e-12)


def test_transform_is_read_like_a_pose() -> None:
    fields = pose([1, 2, 3], [0.5, 0.5, 0.5, 0.5])
    transform = SimpleNamespace(translation=fields.position, rotation=fields.orientation)
    np.testing.assert_array_equal(transform_to_matrix(transform), pose_to_matrix(fields))


@settings(max_examples=50, deadline=None)
@given(st.tuples(angles, angles, angles), st.tuples(metres, metres, metres))
def test_matrix_survives_a_pose_message(rotvec: tuple, position: tuple) -> None:
    matrix = rigid(list(rotvec), list(position))
    back, quaternion = matrix_to_pose(matrix)
    np.testing.assert_allclose(pose_to_matrix(pose(back.tolist(), quaternion.tolist())), matrix, atol=1e-9)


@settings(max_examples=50, deadline=None)
@given(st.tuples(angles, angles, angles), st.tuples(metres, metres, metres))
def test_inverse_undoes(rotvec: tuple, position: tuple) -> None:
    matrix = rigid(list(rotvec), list(position))
    np.testing.assert_allclose(invert(matrix), np.linalg.inv(matrix), atol=1e-9)


def test_half_way_turns_by_half_the_angle() -> None:
    between = interpolate(rigid([0, 0, 0], [0, 0, 0]), rigid([0, 0, 1.2], [4, 2, 0]), 0.25)
    np.testing.assert_allclose(between, rigid([0, 0, 0.3], [1, 0.5, 0]), atol=1e-12)


@pytest.mark.parametrize(
    ("position", "quaternion"),
    [
        ([0, 0, 0], [0, 0, 0, 0]),
        ([0, 0, 0], [0, 0, 0, 2]),
        ([0, 0, 0], [np.nan, 0, 0, 1]),
        ([np.inf, 0, 0], [0, 0, 0, 1]),
    ],
)
def test_pose_that_is_none_is_refused(position: list[float], quaternion: list[float]) -> None:
    with pytest.raises(InputError, match="expected a finite position and a quaternion of length 1"):
        pose_to_matrix(pose(position, quaternion))
