"""All detectors by name. A new one is a file of its own and one line here."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reobj.detection.base import Detector
from reobj.detection.depth.depth_segments import DepthSegmentsConfig, DepthSegmentsDetector
from reobj.detection.given.given_detector import GivenMasksConfig, GivenMasksDetector
from reobj.detection.given.given_masks import MasksLookup
from reobj.detection.label_image import LabelImageConfig, LabelImageDetector
from reobj.detection.mask_rcnn.mask_rcnn import MaskRCNNConfig, MaskRCNNDetector
from reobj.detection.mask_rcnn.mask_rcnn_weights import published_weights
from reobj.detection.onnx.onnx_detector import OnnxConfig, OnnxDetector
from reobj.errors import ConfigError, ModelError, mismatch
from reobj.settings import from_mapping
from reobj.types import LabelImage
from reobj.weights import fetch_weights

log = logging.getLogger(__name__)

TruthLookup = Callable[[int], LabelImage]
"""Gives the true label image of a stamp in nanoseconds, or raises InputError."""


@dataclass(frozen=True, slots=True)
class Lookups:
    """What some detectors read instead of the image; None where there is no such thing.

    Attributes:
        truth: for ``label_image``.
        masks: for ``masks``.
    """

    truth: TruthLookup | None = None
    masks: MasksLookup | None = None


@dataclass(frozen=True, slots=True)
class DetectorEntry:
    """How a detector is made.

    Attributes:
        config: dataclass of its configuration, complete by default.
        make: ``make(config, device_name, lookups)``.
        needs_truth: whether it reads label images instead of the image.
        needs_masks: whether it reads masks that another program found.
        needs_depth: whether it reads depth and intrinsics.
        slow: whether it is a network that may not keep up with a camera.
    """

    config: type[Any]
    make: Callable[[Any, str, Lookups], Detector]
    needs_truth: bool = False
    needs_masks: bool = False
    needs_depth: bool = False
    slow: bool = False


def _label_image(config: LabelImageConfig, device: str, lookups: Lookups) -> Detector:
    if lookups.truth is None:
        raise ConfigError(mismatch("detector label_image", "a source of label images", "none"))
    return LabelImageDetector(lookups.truth, config)


def _given_masks(config: GivenMasksConfig, device: str, lookups: Lookups) -> Detector:
    if lookups.masks is None:
        expected = "topics with the masks of another node, as live_node and detector_node have"
        raise ConfigError(mismatch("detector masks", expected, "none"))
    return GivenMasksDetector(lookups.masks, config)


DETECTORS: dict[str, DetectorEntry] = {
    "depth_segments": DetectorEntry(
        DepthSegmentsConfig, lambda config, device, _: DepthSegmentsDetector(config), needs_depth=True
    ),
    "label_image": DetectorEntry(LabelImageConfig, _label_image, needs_truth=True),
    "mask_rcnn": DetectorEntry(
        MaskRCNNConfig, lambda config, device, _: MaskRCNNDetector(config, device), slow=True
    ),
    "masks": DetectorEntry(GivenMasksConfig, _given_masks, needs_masks=True),
    "onnx": DetectorEntry(OnnxConfig, lambda config, device, _: OnnxDetector(config, device), slow=True),
}


AUTO = "auto"
"""In place of a name: the one that ``choose_detector`` takes."""


def choose_detector(name: str) -> str:
    """The name itself, or for ``auto``: Mask R-CNN where its weights can be had, else depth segments.

    The weights are fetched where they are not there yet. The log says what was taken, and why.
    """
    if name != AUTO:
        return name
    try:
        fetch_weights(published_weights(MaskRCNNConfig().network))
    except ModelError as error:
        log.warning("detector auto: depth_segments, from depth alone, as mask_rcnn has no weights: %s", error)
        return "depth_segments"
    log.info("detector auto: mask_rcnn; depth_segments needs no GPU, and finds anything that stands out")
    return "mask_rcnn"


def detector_entry(name: str) -> DetectorEntry:
    """Raises ModelError for an unknown name, with those that are known."""
    if name not in DETECTORS:
        raise ModelError(mismatch("detector", f"one of {', '.join((AUTO, *sorted(DETECTORS)))}", repr(name)))
    return DETECTORS[name]


def make_detector(
    name: str, device: str = "auto", truth_lookup: TruthLookup | None = None, **options: object
) -> Detector:
    """A detector by name, e.g. ``make_detector("mask_rcnn", "cuda", min_score=0.7)``.

    Args:
        name: as in ``DETECTORS``, or ``auto`` for what ``choose_detector`` takes.
        device: as for ``resolve_device``.
        truth_lookup: for ``label_image``.
        options: fields of its configuration; those left out keep their defaults.

    Raises:
        ModelError: unknown name, or weights that cannot be had.
        ConfigError: an unknown option, a wrong value, or no ``truth_lookup`` where one is needed.
        DeviceError: no such device.
    """
    name = choose_detector(name)
    entry = detector_entry(name)
    return entry.make(from_mapping(entry.config, options, f"detector.{name}"), device, Lookups(truth_lookup))
