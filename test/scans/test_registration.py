"""Images of one camera in the grid of another, against the pinhole equation."""

from __future__ import annotations

import numpy as np
import pytest

from reobj.scans.registration import Resampler
from reobj.types import Intrinsics

SMALL = Intrinsics(57.2, 57.4, 31.5, 23.5, 64, 48)
LARGE = Intrinsics(117.0, 117.1, 64.8, 48.4, 130, 97)  # ScanNet's two cameras, a tenth of their size


def column_seen(source: Intrinsics, target: Intrinsics, u: int) -> float:
    """Column of ``source`` that sees what column ``u`` of ``target`` sees."""
    direction = (u - target.cx) / target.fx
    return source.cx + direction * source.fx


def test_equal_cameras_hand_the_image_through() -> None:
    same = Resampler(SMALL, Intrinsics(57.2, 57.4, 31.5, 23.5, 64, 48))
    image = np.zeros((48, 64, 3), np.uint8)
    assert same.same
    assert same.smooth(image) is image
    assert same.nearest(image) is image


@pytest.mark.parametrize(("source", "target"), [(LARGE, SMALL), (SMALL, LARGE)])
def test_nearest_picks_the_pixel_on_the_same_ray(source: Intrinsics, target: Intrinsics) -> None:
    columns = np.tile(np.arange(1, source.width + 1, dtype=np.uint16), (source.height, 1))
    row = Resampler(source, target).nearest(columns)[target.height // 2]
    for u in range(target.width):
        expected = column_seen(source, target, u)
        if 0 <= expected <= source.width - 1:
            assert abs(row[u] - 1 - expected) <= 0.51
        if not -0.6 <= expected <= source.width - 0.4:
            assert row[u] == 0


def test_nearest_keeps_float_depth_exact() -> None:
    depth = np.random.default_rng(0).choice(np.array([0, 1.1, 2.2], np.float32), (48, 64))
    assert set(np.unique(Resampler(SMALL, LARGE).nearest(depth))) <= set(np.unique(depth))
    assert Resampler(SMALL, LARGE).nearest(depth).dtype == np.float32


def test_smooth_puts_a_ramp_where_the_rays_say() -> None:
    ramp = np.repeat(np.tile(np.arange(LARGE.width, dtype=np.uint8), (LARGE.height, 1))[..., None], 3, axis=2)
    row = Resampler(LARGE, SMALL).smooth(ramp)[24, :, 0]
    expected = [column_seen(LARGE, SMALL, u) for u in range(SMALL.width)]
    inside = slice(3, -3)
    np.testing.assert_allclose(row[inside], expected[inside], atol=0.8)


def test_smooth_averages_texture_finer_than_a_target_pixel() -> None:
    source = SMALL.resized(256, 192)
    stripes = np.zeros((192, 256, 3), np.uint8)
    stripes[:, ::2] = 200
    assert np.unique(Resampler(source, SMALL).smooth(stripes)).tolist() == [100]


def test_plain_scale_of_two_picks_one_of_the_covered_pixels() -> None:
    values = np.arange(96 * 128, dtype=np.uint16).reshape(96, 128)
    picked = Resampler(SMALL.resized(128, 96), SMALL).nearest(values)
    assert picked.shape == (48, 64)
    np.testing.assert_array_equal(np.divmod(picked, 128)[0] // 2, np.arange(48)[:, None] * np.ones(64, int))
    np.testing.assert_array_equal(picked % 128 // 2, np.ones((48, 1), int) * np.arange(64))
