import cv2
import numpy as np
import pytest

from reobj.scans.simulator import camera_effects as effects
from reobj.scans.simulator import depth_effects
from reobj.scans.simulator.render import Rendering
from reobj.types import Intrinsics

CAMERA = Intrinsics(60.0, 60.0, 31.5, 23.5, 64, 48)


def flat(
    depth: float, facing: float = 1.0, answer: float = 1.0, size: tuple[int, int] = (120, 160)
) -> Rendering:
    full = [np.full(size, v, np.float32) for v in (depth, facing, answer)]
    return Rendering(
        np.full((*size, 3), 0.2, np.float32), *full, np.zeros(size, np.uint8), np.zeros(size, np.uint16)
    )


@pytest.mark.parametrize("turn", [(0.3, 0, 0), (0, 0.4, 0), (0, 0, 0.5), (0.1, -0.2, 0.3)])
@pytest.mark.parametrize("move", [(0, 0, 0), (0.4, 0, 0), (0, 0.1, 0.3)])
def test_flow_agrees_with_projecting_points_before_and_after_a_small_motion(turn: tuple, move: tuple) -> None:
    step = 1e-4
    depth = np.random.default_rng(0).uniform(1, 4, (48, 64)).astype(np.float32)
    flow = effects.optical_flow(depth, CAMERA, np.array(turn), np.array(move))
    rotation, _ = cv2.Rodrigues(np.array(turn, np.float64) * step)
    for row, column in ((5, 7), (24, 32), (40, 60)):
        ray = np.array([(column - CAMERA.cx) / CAMERA.fx, (row - CAMERA.cy) / CAMERA.fy, 1.0])
        point = rotation.T @ (ray * float(depth[row, column]) - np.array(move) * step)
        seen = point[:2] / point[2] * 60.0 + [CAMERA.cx, CAMERA.cy]
        assert flow[row, column] == pytest.approx((seen - [column, row]) / step, rel=2e-2, abs=0.2)


def test_a_camera_at_rest_does_not_blur() -> None:
    image = np.random.default_rng(0).random((48, 64, 3), np.float32)
    assert np.array_equal(effects.motion_blur(image, np.zeros((48, 64, 2), np.float32)), image)


def test_blur_smears_a_line_by_the_path_of_the_shutter_time() -> None:
    image = np.zeros((48, 64, 3), np.float32)
    image[:, 32] = 1
    flow = np.zeros((48, 64, 2), np.float32)
    flow[..., 0] = 9 / effects.SHUTTER
    blurred = effects.motion_blur(image, flow)[24, :, 0]
    assert blurred.sum() == pytest.approx(1, abs=1e-3)
    assert (blurred > 0.02).sum() == pytest.approx(9, abs=2)
    flow = flow[..., ::-1].copy()  # along the line: nothing to see
    assert effects.motion_blur(image, flow)[24, 32, 0] == pytest.approx(1, abs=1e-3)


def test_exposure_brings_dark_and_bright_scenes_together() -> None:
    drift = effects.exposure_drift(10, 10.0, 0.1, 3)
    rng = np.random.default_rng(0)
    dark, bright = (
        effects.photograph(np.full((48, 64, 3), v, np.float32), drift, 0, rng).mean() for v in (0.05, 0.2)
    )
    assert dark < bright < 1.5 * dark


def test_drift_is_slow_and_small() -> None:
    gain = effects.exposure_drift(600, 10.0, 0.1, 3).gain
    assert np.abs(gain - 1).max() < 0.15
    assert gain.std(axis=0).min() > 0.01
    assert np.abs(np.diff(gain, axis=0)).max() < 0.02


def test_noise_grows_with_light_in_linear_values() -> None:
    drift = effects.exposure_drift(1, 10.0, 0.1, 3)
    image = np.full((96, 128, 3), 0.1, np.float32)
    image[:, 64:] = 0.02
    taken = effects.photograph(image, drift, 0, np.random.default_rng(0)).astype(float)
    linear = (taken / 255) ** 2.2
    middle = np.s_[36:60]
    assert linear[middle, 80:112].std() < linear[middle, 16:48].std()


def test_corners_are_darker_than_the_centre() -> None:
    drift = effects.exposure_drift(1, 10.0, 0.1, 3)
    image = effects.photograph(np.full((96, 128, 3), 0.1, np.float32), drift, 0, np.random.default_rng(0))
    assert image[:12, :12].mean() < image[42:54, 58:70].mean() - 8


def test_display_values_follow_the_gamma_curve() -> None:
    assert effects.displayed(np.float32([0, 0.5**2.2, 1, 7])).tolist() == pytest.approx(
        [0, 127.5, 255, 255], abs=1
    )


def test_jpeg_keeps_the_order_of_the_channels() -> None:
    image = np.zeros((32, 32, 3), np.uint8)
    image[..., 0] = 200
    decoded = cv2.imdecode(np.frombuffer(effects.encode_jpeg(image), np.uint8), cv2.IMREAD_COLOR)
    assert decoded[16, 16] == pytest.approx([0, 0, 200], abs=6)  # blue, green, red


@pytest.mark.parametrize(("depth", "deviation_mm"), [(1.0, 1.9), (2.0, 6.1), (4.0, 25.8)])
def test_depth_noise_grows_with_the_square_of_the_distance(depth: float, deviation_mm: float) -> None:
    taken = depth_effects.measured(flat(depth), np.random.default_rng(0)).astype(float)
    taken = taken[taken > 0]
    # deviation_mm by hand from 1.2 mm + 1.9 mm (z - 0.4 m)^2; steps of disparity add some
    step_mm = 1000 * depth**2 / (depth_effects.BASELINE_PIXELS * depth_effects.SUBPIXEL) / np.sqrt(12)
    assert taken.std() == pytest.approx(np.hypot(deviation_mm, step_mm), rel=0.25)
    assert taken.mean() == pytest.approx(1000 * depth, rel=0.01)


@pytest.mark.parametrize(
    ("view", "least", "most"),
    [
        (flat(2.0), 0.0, 0.0),
        (flat(0.2), 1.0, 1.0),
        (flat(8.0), 0.99, 1.0),
        (flat(2.0, facing=0.05), 0.99, 1.0),
        (flat(2.0, answer=0.25), 0.65, 0.85),
    ],
    ids=["plain wall", "too near", "too far", "grazing", "black glass"],
)
def test_holes_appear_where_a_depth_camera_gets_no_answer(view: Rendering, least: float, most: float) -> None:
    holes = (depth_effects.measured(view, np.random.default_rng(0)) == 0).mean()
    assert least <= holes <= most


def test_a_rim_around_a_jump_in_depth_is_unknown() -> None:
    view = flat(1.0)
    view.depth[:, 80:] = 2.0
    taken = depth_effects.measured(view, np.random.default_rng(0))
    assert (taken[:, 80] == 0).all()
    assert (taken[:, 60:75] > 0).all()
    assert (taken[:, 85:] > 0).all()


@pytest.mark.filterwarnings("error")
def test_a_ray_that_meets_nothing_has_no_answer() -> None:
    view = flat(2.0)
    view.depth[:, 80:] = np.finfo(np.float32).max
    measured = depth_effects.measured(view, np.random.default_rng(0))
    assert not measured[:, 80:].any()
    assert measured[10:-10, 10:70].any()
