"""What a colour camera does to clean light: motion blur, exposure, vignetting, noise, JPEG."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.scans.simulator.mesh import Floats
from reobj.types import Intrinsics

SHUTTER = 0.016  #: seconds of exposure: a 60th of a second, indoors
BLUR_STEP = 1.5  #: pixels of motion per sample of the blur
MAX_BLUR_SAMPLES = 11
BRIGHTNESS = 0.20  #: linear light that the exposure brings the median of an image to
ADAPTION = 0.65  #: how far exposure follows each image; the rest stays with the scene's level
VIGNETTE = 0.28  #: share of light lost in the corners
SHOT_NOISE, READ_NOISE = 0.0011, 0.004  #: variance per light, deviation; in linear light
GREY_WEIGHTS = np.array([0.2126, 0.7152, 0.0722], np.float32)  #: luminance of linear light (Rec. 709)
SOFTNESS = 0.55  #: pixels, deviation of the lens' blur
JPEG_QUALITY = 90

_GAMMA = np.round((np.arange(4096) / 4095) ** (1 / 2.2) * 255).astype(np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Exposure:
    """Slow drift of gain and white balance over a walk.

    Attributes:
        gain: (N, 3) factors per frame and channel, around 1.
        level: median light of the whole scene.
    """

    gain: Floats
    level: float


def exposure_drift(frames: int, fps: float, level: float, seed: int) -> Exposure:
    """Random waves of some seconds' length in gain (10%) and colour (3%)."""
    rng = np.random.default_rng([seed, 78])
    time = np.arange(frames)[:, None] / fps
    periods, phases = rng.uniform(7, 25, (3, 3)), rng.uniform(0, 2 * np.pi, (3, 3))
    waves = np.stack([np.sin(2 * np.pi * time / periods[i] + phases[i]) for i in range(3)]).mean(axis=0)
    gain = 1 + 0.10 * waves[:, :1] + 0.03 * waves * np.array([[1.0, 0.0, -1.0]])
    return Exposure(gain.astype(np.float32), level)


def optical_flow(depth: Floats, camera: Intrinsics, turn_rate: NDArray, velocity: NDArray) -> Floats:
    """(H, W, 2) pixels per second by which a rigid scene moves in the image of a moving camera.

    Longuet-Higgins and Prazdny 1980, "The interpretation of a moving retinal image".

    Args:
        depth: (H, W) metres.
        camera: pinhole.
        turn_rate, velocity: (3,) of the camera in its own frame, radians and metres per second.
    """
    height, width = depth.shape
    x = ((np.arange(width, dtype=np.float32) - np.float32(camera.cx)) / np.float32(camera.fx))[None, :]
    y = ((np.arange(height, dtype=np.float32) - np.float32(camera.cy)) / np.float32(camera.fy))[:, None]
    wx, wy, wz = (np.float32(v) for v in turn_rate)
    tx, ty, tz = (np.float32(v) for v in velocity)
    near = 1 / np.maximum(depth, np.float32(0.05))
    flow = np.empty((height, width, 2), np.float32)
    flow[..., 0] = ((x * tz - tx) * near + wx * x * y - wy * (1 + x * x) + wz * y) * np.float32(camera.fx)
    flow[..., 1] = ((y * tz - ty) * near + wx * (1 + y * y) - wy * x * y - wz * x) * np.float32(camera.fy)
    return flow


def motion_blur(colour: Floats, flow: Floats) -> Floats:
    """Mean of the image along its motion during the shutter time; ``flow`` in pixels per second."""
    path = flow * np.float32(SHUTTER)
    longest = float(np.percentile(np.abs(path[::8, ::8]), 95))
    samples = min(MAX_BLUR_SAMPLES, int(np.ceil(longest / BLUR_STEP)) + 1)
    if samples < 2:
        return colour
    height, width = colour.shape[:2]
    x = np.arange(width, dtype=np.float32)[None, :]
    y = np.arange(height, dtype=np.float32)[:, None]
    total = np.zeros_like(colour)
    for share in (np.arange(samples, dtype=np.float32) + 0.5) / samples - 0.5:
        map_x, map_y = x + share * path[..., 0], y + share * path[..., 1]
        shifted = cv2.remap(colour, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        total += np.asarray(shifted, np.float32)
    return total / np.float32(samples)


def photograph(colour: Floats, exposure: Exposure, index: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB: what the sensor makes of linear light in frame ``index``."""
    luminance = colour[::4, ::4] @ GREY_WEIGHTS
    middle = max(float(np.median(luminance)), 1e-6)
    gain = BRIGHTNESS / (middle**ADAPTION * exposure.level ** (1 - ADAPTION)) * exposure.gain[index]
    image = cv2.GaussianBlur(colour, (5, 5), SOFTNESS) * gain
    image *= _vignette(*colour.shape[:2])[..., None]
    deviation = np.sqrt(np.maximum(image, 0) * np.float32(SHOT_NOISE) + np.float32(READ_NOISE**2))
    image += deviation * rng.standard_normal(image.shape, np.float32)
    return displayed(image)


def _vignette(height: int, width: int) -> Floats:
    """(H, W) falls off with the square of the distance from the centre."""
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    return 1 - np.float32(VIGNETTE / 2) * (x * x + y * y)


def displayed(linear: Floats) -> NDArray[np.uint8]:
    """Linear light to 8-bit display values (gamma 2.2), any shape."""
    return _GAMMA[np.clip(linear * 4095, 0, 4095).astype(np.uint16)]


def encode_jpeg(image: NDArray[np.uint8]) -> bytes:
    """JPEG of an RGB image."""
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
