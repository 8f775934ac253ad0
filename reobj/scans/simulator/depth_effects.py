"""What a structured-light depth camera makes of the true depth: noise, steps and holes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.scans.simulator.mesh import Floats
from reobj.scans.simulator.render import Rendering

NEAREST = 0.35  #: metres
FAR_FROM, FAR_TO = 4.5, 7.5  #: metres between which answers fade out
GRAZING_FROM, GRAZING_TO = 0.25, 0.06  #: cosines between which answers fade out
EDGE_STEP = 0.05  #: relative step in depth that counts as an edge
JITTER = 0.4  #: pixels, deviation of where along an edge the camera sees it
BASELINE_PIXELS = 43.5  #: baseline times focal length of the Kinect: 0.075 m x 580 pixels
SUBPIXEL = 8  #: its disparity has steps of 1/8 pixel
MOST = 65.535  #: metres in 16 bits of millimetres; a ray through a crack in a corner goes farther


def measured(view: Rendering, rng: np.random.Generator) -> NDArray[np.uint16]:
    """(H, W) uint16 millimetres, 0 where the camera got no answer."""
    depth = np.minimum(_jittered(view.depth, rng), np.float32(MOST))
    noise = _blobs(rng, depth.shape, 1.0) * np.float32(0.7) + rng.standard_normal(
        depth.shape, np.float32
    ) * np.float32(0.7)
    depth = _stepped(depth + axial_deviation(depth) * noise)
    depth[_lost(view, rng)] = 0
    return np.clip(np.round(depth * 1000), 0, 65535).astype(np.uint16)


def axial_deviation(depth: Floats) -> Floats:
    """Deviation along the optical axis in metres (Nguyen, Izadi and Lovell 2012, equation 3)."""
    return np.float32(0.0012) + np.float32(0.0019) * (depth - np.float32(0.4)) ** 2


def _jittered(depth: Floats, rng: np.random.Generator) -> Floats:
    """Each pixel takes the depth of a place close by."""
    height, width = depth.shape
    shift = rng.standard_normal((2, height, width), np.float32) * np.float32(JITTER)
    map_x = np.arange(width, dtype=np.float32)[None, :] + shift[0]
    map_y = np.arange(height, dtype=np.float32)[:, None] + shift[1]
    moved = cv2.remap(depth, map_x, map_y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)


def _stepped(depth: Floats) -> Floats:
    """Depth that whole steps of disparity can tell."""
    steps = np.round(BASELINE_PIXELS * SUBPIXEL / np.maximum(depth, 0.1))
    return (BASELINE_PIXELS * SUBPIXEL / np.maximum(steps, 1)).astype(np.float32)


def _lost(view: Rendering, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Where there is no answer: too near, too far, grazing, dark or shiny, in the projector's shadow."""
    fade_far = np.clip((view.depth - FAR_FROM) / (FAR_TO - FAR_FROM), 0, 1) ** 2
    fade_grazing = np.clip((GRAZING_FROM - view.facing) / (GRAZING_FROM - GRAZING_TO), 0, 1)
    answer = (1 - fade_far) * (1 - fade_grazing) * view.depth_return
    # Holes come in blobs: a smooth random field, spread evenly over [0, 1], against the probability.
    field = 1 / (1 + np.exp(np.float32(-1.702) * _blobs(rng, view.depth.shape, 2.5)))
    return (field > answer) | (view.depth < NEAREST) | _shadowed(view.depth)


def _shadowed(depth: Floats) -> NDArray[np.bool_]:
    """A rim around jumps in depth, wider to the left, where the projector's light does not reach."""
    jump = np.zeros(depth.shape, np.uint8)
    jump[:, 1:] |= np.abs(depth[:, 1:] - depth[:, :-1]) > EDGE_STEP * depth[:, 1:]
    jump[1:] |= np.abs(depth[1:] - depth[:-1]) > EDGE_STEP * depth[1:]
    reach = max(1, round(depth.shape[1] / 320))
    kernel = np.ones((3, 1 + 2 * reach), np.uint8)
    return cv2.dilate(jump, kernel, anchor=(reach // 2, 1)).astype(bool)


def _blobs(rng: np.random.Generator, shape: tuple[int, ...], size: float) -> Floats:
    """Smooth noise, mean 0, deviation 1, with structures of about ``size`` pixels."""
    field = np.asarray(cv2.GaussianBlur(rng.standard_normal(shape, np.float32), (0, 0), size), np.float32)
    return field / max(float(field.std()), 1e-6)
