"""All encoders by name. A new one is a file of its own and one line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reobj.encoding.backbone import BackboneConfig, BackboneEncoder
from reobj.encoding.base import Encoder
from reobj.encoding.similarity import SimilarityCalibration
from reobj.encoding.trained import TrainedConfig, TrainedEncoder, measured_calibrations
from reobj.errors import ModelError, mismatch
from reobj.settings import from_mapping


@dataclass(frozen=True, slots=True)
class EncoderEntry:
    """How an encoder is made.

    Attributes:
        config: dataclass of its configuration, complete by default.
        make: ``make(config, device_name)``.
        calibrations: content hash to calibration of the models that a configuration leads to, as far as
            they were measured; does not build the encoder.
    """

    config: type[Any]
    make: Callable[[Any, str], Encoder]
    calibrations: Callable[[Any], Mapping[str, SimilarityCalibration]] = lambda config: {}


ENCODERS: dict[str, EncoderEntry] = {
    "backbone": EncoderEntry(BackboneConfig, BackboneEncoder),
    "trained": EncoderEntry(TrainedConfig, TrainedEncoder, measured_calibrations),
}

DEFAULT_ENCODER = "trained"
"""The one that is taken when none is named."""


def encoder_entry(name: str) -> EncoderEntry:
    """Raises ModelError for an unknown name, with those that are known."""
    if name not in ENCODERS:
        raise ModelError(mismatch("encoder", f"one of {', '.join(sorted(ENCODERS))}", repr(name)))
    return ENCODERS[name]


def make_encoder(name: str, device: str = "auto", **options: object) -> Encoder:
    """An encoder by name, e.g. ``make_encoder("backbone", "cpu", weights="random", crop_size=64)``.

    Args:
        name: as in ``ENCODERS``.
        device: as for ``resolve_device``.
        options: fields of its configuration; those left out keep their defaults.

    Raises:
        ModelError: unknown name, or weights that cannot be had.
        ConfigError: an unknown option, or a wrong value.
        DeviceError: no such device.
    """
    entry = encoder_entry(name)
    return entry.make(from_mapping(entry.config, options, f"encoder.{name}"), device)
