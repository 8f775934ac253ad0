"""All detectors by name. A new one is a file of its own and one line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reobj.detection.base import Detector
from reobj.detection.label_image import LabelImageConfig, LabelImageDetector
from reobj.detection.mask_rcnn import MaskRCNNConfig, MaskRCNNDetector
from reobj.errors import ConfigError, ModelError, mismatch
from reobj.settings import from_mapping
from reobj.types import LabelImage

TruthLookup = Callable[[int], LabelImage]
"""Gives the true label image of a stamp in nanoseconds, or raises InputError."""


@dataclass(frozen=True, slots=True)
class DetectorEntry:
    """How a detector is made.

    Attributes:
        config: dataclass of its configuration, complete by default.
        make: ``make(config, device_name, truth_lookup)``.
        needs_truth: whether it reads label images instead of the image.
    """

    config: type[Any]
    make: Callable[[Any, str, TruthLookup | None], Detector]
    needs_truth: bool = False


def _label_image(config: LabelImageConfig, device: str, truth_lookup: TruthLookup | None) -> Detector:
    if truth_lookup is None:
        raise ConfigError(mismatch("detector label_image", "a source of label images", "none"))
    return LabelImageDetector(truth_lookup, config)


DETECTORS: dict[str, DetectorEntry] = {
    "label_image": DetectorEntry(LabelImageConfig, _label_image, needs_truth=True),
    "mask_rcnn": DetectorEntry(MaskRCNNConfig, lambda config, device, _: MaskRCNNDetector(config, device)),
}


def detector_entry(name: str) -> DetectorEntry:
    """Raises ModelError for an unknown name, with those that are known."""
    if name not in DETECTORS:
        raise ModelError(mismatch("detector", f"one of {', '.join(sorted(DETECTORS))}", repr(name)))
    return DETECTORS[name]


def make_detector(
    name: str, device: str = "auto", truth_lookup: TruthLookup | None = None, **options: object
) -> Detector:
    """A detector by name, e.g. ``make_detector("mask_rcnn", "cuda", min_score=0.7)``.

    Args:
        name: as in ``DETECTORS``.
        device: as for ``resolve_device``.
        truth_lookup: for ``label_image``.
        options: fields of its configuration; those left out keep their defaults.

    Raises:
        ModelError: unknown name, or weights that cannot be had.
        ConfigError: an unknown option, a wrong value, or no ``truth_lookup`` where one is needed.
        DeviceError: no such device.
    """
    entry = detector_entry(name)
    return entry.make(from_mapping(entry.config, options, f"detector.{name}"), device, truth_lookup)
