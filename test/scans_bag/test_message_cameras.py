"""CameraInfo -> intrinsics, by hand calculation and by cropping and shrinking images."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from reobj.distortion import Distortion
from reobj.errors import InputError
from reobj.scans.message_cameras import fitted, intrinsics_from, is_rectified
from reobj.types import Intrinsics

K = [500.0, 0, 319.5, 0, 510.0, 239.5, 0, 0, 1]
P = [480.0, 0, 310.0, 0, 0, 490.0, 230.0, 0, 0, 0, 1, 0]


def info(**changed: Any) -> SimpleNamespace:
    """A CameraInfo of 640x480 without a lens."""
    roi = SimpleNamespace(x_offset=0, y_offset=0, width=0, height=0, do_rectify=False)
    fields = {"width": 640, "height": 480, "distortion_model": "plumb_bob", "d": np.zeros(5), "k": K, "p": P}
    return SimpleNamespace(**fields | {"binning_x": 0, "binning_y": 0, "roi": roi} | changed)


def test_k_is_the_camera_and_d_its_lens() -> None:
    found = intrinsics_from(info(d=[-0.2, 0.05, 0.001, 0, 0]))
    lens = Distortion("plumb_bob", (-0.2, 0.05, 0.001))
    assert found == Intrinsics(500.0, 510.0, 319.5, 239.5, 640, 480, lens)


def test_of_rectified_images_p_is_the_camera_and_there_is_no_lens() -> None:
    found = intrinsics_from(info(d=[-0.2, 0.05, 0.001, 0, 0]), rectified=True)
    assert found == Intrinsics(480.0, 490.0, 310.0, 230.0, 640, 480)


def test_without_p_a_rectified_image_has_k() -> None:
    assert intrinsics_from(info(p=[0.0] * 12), rectified=True).fx == 500.0


def test_binning_joins_pixels() -> None:
    """The centre of the first joined pixel, of the old ones 0 and 1, is at 0.5 of the old ones."""
    found = intrinsics_from(info(binning_x=2, binning_y=2))
    assert (found.width, found.height, found.fx, found.fy) == (320, 240, 250.0, 255.0)
    assert 2 * found.cx + 0.5 == 319.5 and 2 * found.cy + 0.5 == 239.5


def test_a_region_of_interest_is_cut_out_before_binning() -> None:
    roi = SimpleNamespace(x_offset=100, y_offset=40, width=400, height=300, do_rectify=False)
    cut = intrinsics_from(info(roi=roi))
    assert (cut.width, cut.height, cut.cx, cut.cy) == (400, 300, 219.5, 199.5)
    both = intrinsics_from(info(roi=roi, binning_x=2, binning_y=2))
    assert both == cut.resized(200, 150)


@pytest.mark.parametrize("k", [[0.0] * 9, [500.0, 0, 1, 0, 0.0, 1, 0, 0, 1]])
def test_an_uncalibrated_camera_is_refused_with_the_cure(k: list[float]) -> None:
    with pytest.raises(InputError, match="expected a calibrated camera, got K of zeros: calibrate"):
        intrinsics_from(info(k=k))


def test_a_lens_of_another_model_is_refused_by_its_name() -> None:
    with pytest.raises(InputError, match="got 'thin_prism_fisheye'"):
        intrinsics_from(info(distortion_model="thin_prism_fisheye", d=[0.1]))


@pytest.mark.parametrize(
    ("topic", "rectified"),
    [
        ("/camera/image_rect", True),
        ("/zed/rgb/image_rect_color/compressed", True),
        ("/left/rectified/image", True),
        ("/camera/image_raw", False),
        ("/direct/image_corrected", False),
    ],
)
def test_the_name_of_a_topic_says_whether_it_is_rectified(topic: str, rectified: bool) -> None:
    assert is_rectified(topic) == rectified


CAMERA = Intrinsics(500.0, 510.0, 319.5, 239.5, 640, 480)


def test_an_image_of_the_cameras_size_leaves_it_as_it_is() -> None:
    assert fitted(CAMERA, 640, 480) is CAMERA


def test_a_scaled_image_scales_the_camera() -> None:
    assert fitted(CAMERA, 320, 240) == CAMERA.resized(320, 240)


def test_a_message_without_a_size_is_of_the_images() -> None:
    assert fitted(intrinsics_from(info(width=0, height=0)), 640, 480) == CAMERA


def test_an_image_of_another_shape_is_no_scaled_one() -> None:
    expected = "expected the shape of its image of 640x360 pixels, got 640x480: is it of another camera"
    with pytest.raises(InputError, match=expected):
        fitted(CAMERA, 640, 360)
