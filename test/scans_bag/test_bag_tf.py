"""Transforms composed and interpolated, against hand calculation."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from reobj.errors import InputError
from reobj.scans.bag_tf import TransformTree

S = 1_000_000_000


def tf(parent: str, child: str, seconds: float, x: float = 0.0, yaw: float = 0.0) -> SimpleNamespace:
    stamp = SimpleNamespace(sec=int(seconds), nanosec=round((seconds % 1) * S))
    quaternion = dict(zip("xyzw", Rotation.from_rotvec([0, 0, yaw]).as_quat(), strict=True))
    stamped = SimpleNamespace(
        header=SimpleNamespace(frame_id=parent, stamp=stamp),
        child_frame_id=child,
        transform=SimpleNamespace(
            translation=SimpleNamespace(x=x, y=0.0, z=0.0), rotation=SimpleNamespace(**quaternion)
        ),
    )
    return SimpleNamespace(transforms=[stamped])


def tree(*messages: SimpleNamespace, static: tuple[SimpleNamespace, ...] = ()) -> TransformTree:
    made = TransformTree("map", slop_ns=S // 50)
    for message in messages:
        made.add(message, static=False)
    for message in static:
        made.add(message, static=True)
    return made


def expected(x: float, y: float, yaw: float) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec([0, 0, yaw]).as_matrix()
    matrix[:2, 3] = x, y
    return matrix


def test_chain_of_moving_and_static_transforms_is_composed() -> None:
    made = tree(
        tf("map", "odom", 1.0, x=10.0, yaw=np.pi / 2),
        tf("odom", "base", 1.0, x=2.0),
        static=(tf("base", "camera", 0.0, x=0.5, yaw=np.pi / 2),),
    )
    np.testing.assert_allclose(made.lookup("camera", S, "map"), expected(10.0, 2.5, np.pi), atol=1e-12)


def test_between_two_transforms_is_interpolated() -> None:
    made = tree(tf("map", "camera", 1.0, x=0.0, yaw=0.0), tf("map", "camera", 1.4, x=4.0, yaw=0.8))
    np.testing.assert_allclose(
        made.lookup("camera", round(1.1 * S), "map"), expected(1.0, 0.0, 0.2), atol=1e-12
    )


def test_transforms_out_of_order_are_sorted() -> None:
    made = tree(tf("map", "camera", 1.4, x=4.0), tf("map", "camera", 1.0, x=0.0))
    np.testing.assert_allclose(
        made.lookup("camera", round(1.2 * S), "map"), expected(2.0, 0.0, 0.0), atol=1e-12
    )


@pytest.mark.parametrize(("seconds", "x"), [(0.99, 1.0), (0.97, None), (2.01, 2.0), (2.03, None)])
def test_beyond_the_ends_only_the_slop_is_bridged(seconds: float, x: float | None) -> None:
    made = tree(tf("map", "camera", 1.0, x=1.0), tf("map", "camera", 2.0, x=2.0))
    found = made.lookup("camera", round(seconds * S), "map")
    assert (None if found is None else found[0, 3]) == x


def test_long_gap_is_not_interpolated() -> None:
    made = tree(tf("map", "camera", 1.0), tf("map", "camera", 9.0))
    assert made.lookup("camera", 5 * S, "map") is None


def test_frame_without_a_way_to_the_map_has_no_pose() -> None:
    assert tree(tf("odom", "camera", 1.0)).lookup("camera", S, "map") is None
    assert tree(tf("map", "camera", 1.0)).lookup("other", S, "map") is None


def test_tree_that_goes_round_has_no_pose() -> None:
    assert tree(tf("a", "b", 1.0), tf("b", "a", 1.0)).lookup("a", S, "map") is None


def test_leading_slashes_of_old_frame_names_do_not_matter() -> None:
    assert tree(tf("/map", "/camera", 1.0, x=3.0)).lookup("camera", S, "map")[0, 3] == 3.0


def test_waits_until_every_moving_transform_has_reached_the_image() -> None:
    made = tree(tf("map", "odom", 1.0), tf("odom", "camera", 2.0))
    assert made.settled(1 * S, "camera")
    assert not made.settled(round(1.5 * S), "camera")
    made.add(tf("map", "odom", 1.5), static=False)
    assert made.settled(round(1.5 * S), "camera")


def test_memory_is_bounded_without_images() -> None:
    made = tree(*(tf("map", "camera", 1 + index / 1000) for index in range(1500)))
    assert made.lookup("camera", round(1.2 * S), "map") is None
    assert made.lookup("camera", round(2.2 * S), "map") is not None


def test_what_an_image_has_passed_is_forgotten_but_for_one() -> None:
    made = tree(*(tf("map", "camera", seconds) for seconds in (1.0, 1.5, 2.0)))
    made.forget_before(round(1.7 * S))
    assert made.lookup("camera", 1 * S, "map") is None
    assert made.lookup("camera", round(1.75 * S), "map") is not None


def test_earlier_round_of_a_looped_bag_is_forgotten() -> None:
    made = tree(tf("map", "camera", 1.0, x=1.0), tf("map", "camera", 1.5, x=5.0))
    made.forget_after(1 * S)
    assert made.lookup("camera", 1 * S, "map")[0, 3] == 1.0
    assert made.lookup("camera", round(1.5 * S), "map") is None


def test_transform_that_is_not_rigid_is_refused() -> None:
    broken = tf("map", "camera", 1.0)
    broken.transforms[0].transform.rotation.w = 5.0
    with pytest.raises(InputError, match="quaternion of length 1"):
        tree(broken)
