"""Lenses, against OpenCV where the module does not use it, and against the formulas written out."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from reobj.distortion import Distortion
from reobj.errors import InputError
from reobj.types import Intrinsics

LENSES = {
    "barrel": Distortion("plumb_bob", (-0.28, 0.07, 1e-3, -5e-4, 0.01)),
    "pincushion": Distortion("plumb_bob", (0.12, -0.05)),
    "rational": Distortion("rational_polynomial", (5.0, 2.0, 1e-4, 2e-4, 0.1, 5.3, 3.0, 0.4)),
    "fisheye": Distortion("equidistant", (0.1, -0.01, 0.001)),
}
AXIS = np.linspace(-0.7, 0.7, 15)
X, Y = np.meshgrid(AXIS, AXIS)


@pytest.mark.parametrize("name", ["barrel", "pincushion", "rational"])
def test_polynomials_bend_rays_as_opencv_projects_points(name: str) -> None:
    lens = LENSES[name]
    points = np.stack([X.ravel(), Y.ravel(), np.ones(X.size)], axis=1)
    none, numbers = np.zeros(3), np.array(lens.coefficients)
    expected, _ = cv2.projectPoints(points, none, none, np.eye(3), numbers)
    found = np.stack(lens.bend(X, Y), axis=-1)
    np.testing.assert_allclose(found.reshape(-1, 2), expected[:, 0], atol=1e-12)


def test_the_fisheye_bends_rays_as_opencv_does() -> None:
    lens = LENSES["fisheye"]
    points = np.stack([X.ravel(), Y.ravel()], axis=1)[:, None]
    expected = cv2.fisheye.distortPoints(points, np.eye(3), np.array(lens.coefficients))
    found = np.stack(lens.bend(X, Y), axis=-1)
    np.testing.assert_allclose(found.reshape(-1, 2), expected[:, 0], atol=1e-9)


def test_the_tangential_part_of_one_ray_by_hand() -> None:
    x, y, p1, p2 = 0.3, -0.2, 0.01, 0.02
    squared = x * x + y * y
    found = Distortion("plumb_bob", (0.0, 0.0, p1, p2)).bend(np.array([x]), np.array([y]))
    expected = (
        x + 2 * p1 * x * y + p2 * (squared + 2 * x * x),
        y + p1 * (squared + 2 * y * y) + 2 * p2 * x * y,
    )
    np.testing.assert_allclose([value[0] for value in found], expected, rtol=1e-12)


def test_an_equidistant_lens_shows_angles_as_lengths() -> None:
    lens = Distortion("equidistant", (1e-12,))  # all zeros would be no lens
    angle = math.radians(50)
    x, y = lens.bend(np.array([math.tan(angle), 0.0]), np.array([0.0, 0.0]))
    np.testing.assert_allclose([x, y], [[angle, 0.0], [0.0, 0.0]], atol=1e-9)


@pytest.mark.parametrize("lens", LENSES.values(), ids=LENSES)
def test_straightening_undoes_bending(lens: Distortion) -> None:
    found = lens.straighten(*lens.bend(X, Y))
    np.testing.assert_allclose(found, [X, Y], atol=1e-6)


@pytest.mark.parametrize("lens", LENSES.values(), ids=LENSES)
def test_what_is_far_outside_is_never_folded_back_into_the_image(lens: Distortion) -> None:
    radii = np.linspace(0.0, 60.0, 3000)
    direction = np.array([0.6, 0.8])
    bent = np.hypot(*lens.bend(radii * direction[0], radii * direction[1]))
    assert (np.diff(bent) > 0).all()


def test_a_strong_polynomial_alone_would_fold() -> None:
    """The case that the one above is about: without an end, the ray at 3 is seen nearer than that at 1."""
    k1, k2 = -0.28, 0.02
    stretch = [radius * (1 + k1 * radius**2 + k2 * radius**4) for radius in (1.0, 3.0)]
    assert stretch[1] < stretch[0]
    bent, _ = Distortion("plumb_bob", (k1, k2)).bend(np.array([1.0, 3.0]), np.zeros(2))
    assert bent[1] > bent[0]


def test_pixels_that_no_ray_leads_to_get_a_finite_one() -> None:
    lens = Distortion("plumb_bob", (-0.3,))  # shows nothing further out than 0.7 times the focal length
    x, y = lens.straighten(np.array([0.5, 2.0]), np.array([0.0, 1.0]))
    assert np.isfinite([x, y]).all()
    assert y[1] / x[1] == pytest.approx(0.5) and x[1] > x[0]


def test_float32_stays_float32_and_the_shape_is_kept() -> None:
    lens = LENSES["barrel"]
    x, y = lens.bend(X.astype(np.float32), Y.astype(np.float32))
    assert x.dtype == y.dtype == np.float32
    assert lens.straighten(x[:, :3], y[:, :3])[0].shape == (15, 3)
    assert lens.straighten(x[:0], y[:0])[1].shape == (0, 15)


@pytest.mark.parametrize("model", ["plumb_bob", "", "inverse_brown_conrady"])
def test_zeros_are_no_lens_whatever_the_model_is_called(model: str) -> None:
    assert Distortion.of(model, (0.0,) * 5) is None
    assert Distortion.of(model, ()) is None


def test_zeros_after_the_coefficients_do_not_count() -> None:
    assert Distortion.of("plumb_bob", (0.1, 0, 0, 0, *[0.0] * 10)) == Distortion("plumb_bob", (0.1,))


@pytest.mark.parametrize(
    ("model", "numbers", "says"),
    [
        ("thin_prism", (0.1,), "distortion model: expected one of plumb_bob, .*, got 'thin_prism'"),
        ("equidistant", (0.1, 0, 0, 0, 0.2), "distortion equidistant: expected at most 4 finite numbers"),
        ("plumb_bob", (math.nan,), "distortion plumb_bob: expected at most 5 finite numbers"),
    ],
)
def test_lenses_that_are_none_are_refused(model: str, numbers: tuple[float, ...], says: str) -> None:
    with pytest.raises(InputError, match=says):
        Distortion.of(model, numbers)


def test_a_camera_with_a_lens_projects_as_opencv_and_finds_the_way_back() -> None:
    camera = Intrinsics(300.0, 310.0, 160.0, 118.0, 320, 240, LENSES["barrel"])
    points = np.array([[0.4, -0.3, 1.0], [-0.9, 0.5, 2.0]])
    numbers = np.array(LENSES["barrel"].coefficients)
    expected, _ = cv2.projectPoints(points, np.zeros(3), np.zeros(3), camera.matrix, numbers)
    x, y = (points[:, :2] / points[:, 2:]).T
    pixels = camera.project(x, y)
    np.testing.assert_allclose(np.stack(pixels, axis=1), expected[:, 0], atol=1e-9)
    np.testing.assert_allclose(camera.rays(*pixels), [x, y], atol=1e-6)


def test_a_camera_without_a_lens_is_a_pinhole() -> None:
    camera = Intrinsics(300.0, 310.0, 160.0, 118.0, 320, 240)
    np.testing.assert_allclose(camera.project(np.array([0.4]), np.array([-0.3])), [[280.0], [25.0]])
    np.testing.assert_allclose(camera.rays(np.array([280.0]), np.array([25.0])), [[0.4], [-0.3]])


def test_of_an_image_of_another_size_the_lens_is_the_same() -> None:
    camera = Intrinsics(300.0, 300.0, 159.5, 119.5, 320, 240, LENSES["barrel"])
    half = camera.resized(160, 120)
    assert half.distortion == camera.distortion
    u, v = camera.project(np.array([0.3]), np.array([0.2]))
    # Pixel centres are at whole numbers, so that the image begins at -0.5.
    np.testing.assert_allclose(
        half.project(np.array([0.3]), np.array([0.2])), [(u + 0.5) / 2 - 0.5, (v + 0.5) / 2 - 0.5]
    )
