"""The pipeline's configuration, from YAML to stages."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from reobj.association.associator import MapAssociator
from reobj.association.associator_config import AssociatorConfig
from reobj.association.tracks.deepsort import deepsort_associator
from reobj.detection.base import Detector
from reobj.detection.given.given_masks import MasksLookup
from reobj.detection.imperfections import ImperfectDetector, ImperfectionConfig
from reobj.detection.label_image import LabelImageConfig
from reobj.detection.propagation import PropagatingDetector, PropagationConfig
from reobj.detection.registry import Lookups, TruthLookup, choose_detector, detector_entry
from reobj.encoding.base import Encoder
from reobj.encoding.registry import DEFAULT_ENCODER, encoder_entry
from reobj.errors import ConfigError, ModelError, mismatch
from reobj.offline import Mode, Run
from reobj.pipeline import Pipeline, SharedDetector, SharedEncoder
from reobj.settings import T, from_mapping

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DetectorSection:
    """Which detector, and its own configuration.

    Attributes:
        name: as in ``reobj.detection.registry``.
        options: the dataclass of that detector.
        imperfections: mistakes added to what it finds; None adds none.
        propagation: it runs on key frames and its masks are carried along in between; None runs it on
            every frame.
    """

    name: str = "label_image"
    options: Any = field(default_factory=LabelImageConfig)
    imperfections: ImperfectionConfig | None = None
    propagation: PropagationConfig | None = None


@dataclass(frozen=True, slots=True)
class EncoderSection:
    """Which encoder, and its own configuration.

    Attributes:
        name: as in ``reobj.encoding.registry``.
        options: the dataclass of that encoder.
    """

    name: str = DEFAULT_ENCODER
    options: Any = field(default_factory=lambda: encoder_entry(DEFAULT_ENCODER).config())


@dataclass(frozen=True, slots=True)
class PipelineConfig:
    """All stages."""

    detector: DetectorSection = field(default_factory=DetectorSection)
    encoder: EncoderSection = field(default_factory=EncoderSection)
    association: AssociatorConfig = field(default_factory=AssociatorConfig)


def load_config(path: Path | str) -> PipelineConfig:
    """Reads a YAML file like config/pipeline.yaml. Keys that are left out keep their defaults.

    Raises:
        ConfigError: no such file, not YAML, or what ``parse_config`` raises.
    """
    try:
        data = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"configuration {path}: cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"configuration {path}: expected YAML, got {error}") from error
    return parse_config({} if data is None else data)


def parse_config(data: object) -> PipelineConfig:
    """A configuration from plain data: ``{detector: {name, ...}, encoder: {name, ...}, association: {...}}``.

    Beside ``name`` stand the options of the stage of that name. A detector ``auto`` is chosen here, which
    may fetch weights.

    Raises:
        ConfigError: an unknown key, a wrong type or value; the message names its path.
    """
    if not isinstance(data, Mapping):
        raise ConfigError(mismatch("configuration", "a mapping", type(data).__name__))
    sections: dict[str, Callable[[object], object]] = {
        "detector": _detector_section,
        "encoder": _encoder_section,
        "association": lambda section: from_mapping(AssociatorConfig, section, "association"),
    }
    for key in data:
        if key not in sections:
            raise ConfigError(f"{key}: unknown key, expected one of {', '.join(sections)}")
    return PipelineConfig(**{key: sections[key](value) for key, value in data.items()})  # type: ignore[arg-type]


def _detector_section(data: object) -> DetectorSection:
    name, options = _named(data, "detector", DetectorSection().name)
    name = choose_detector(name)
    imperfections = _optional(ImperfectionConfig, options, "imperfections")
    propagation = _optional(PropagationConfig, options, "propagation")
    beside = ("name", "imperfections", "propagation")
    own = _options(lambda: detector_entry(name).config, options, "detector", beside)
    return DetectorSection(name, own, imperfections, propagation)


def _optional(kind: type[T], options: dict[Any, object], key: str) -> T | None:
    """A section within the detector's, taken out of its options; None when it is not there."""
    data = options.pop(key, None)
    return None if data is None else from_mapping(kind, data, f"detector.{key}")


def _encoder_section(data: object) -> EncoderSection:
    name, options = _named(data, "encoder", EncoderSection().name)
    return EncoderSection(name, _options(lambda: encoder_entry(name).config, options, "encoder", ("name",)))


def _named(data: object, path: str, default: str) -> tuple[str, dict[Any, object]]:
    """The name of a stage, and the keys beside it."""
    if not isinstance(data, Mapping):
        raise ConfigError(mismatch(path, "a mapping", type(data).__name__))
    options = dict(data)
    name = options.pop("name", default)
    if not isinstance(name, str):
        raise ConfigError(mismatch(f"{path}.name", "a name", repr(name)))
    return name, options


def _options(
    kind: Callable[[], type[Any]], options: Mapping[Any, object], path: str, beside: Sequence[str]
) -> object:
    """The stage's own dataclass."""
    try:
        return from_mapping(kind(), options, path, beside)
    except ModelError as error:  # no stage of that name
        raise ConfigError(f"{path}.name: {error}") from error


def build_detector(
    config: PipelineConfig,
    device: str = "auto",
    truth_lookup: TruthLookup | None = None,
    masks_lookup: MasksLookup | None = None,
) -> Detector:
    """The detector, with its imperfections and propagation. Raises ModelError, DeviceError, ConfigError."""
    section = config.detector
    lookups = Lookups(truth_lookup, masks_lookup)
    detector = detector_entry(section.name).make(section.options, device, lookups)
    if section.imperfections is not None:
        detector = ImperfectDetector(detector, section.imperfections)
    if section.propagation is not None:
        detector = PropagatingDetector(detector, section.propagation, device=device)
    return detector


def build_encoder(config: PipelineConfig, device: str = "auto") -> Encoder:
    """The encoder. Raises ModelError, DeviceError."""
    return encoder_entry(config.encoder.name).make(config.encoder.options, device)


def build_associator(config: PipelineConfig) -> MapAssociator:
    """The associator with an empty map, told what was measured of the configuration's encoder.

    The encoder is not built, and may run elsewhere: where its model cannot be read, a warning says
    so, and what similarities mean is learned while running.
    """
    entry = encoder_entry(config.encoder.name)
    try:
        measured = entry.calibrations(config.encoder.options)
    except ModelError as error:
        log.warning("the encoder's calibration is learned while running: %s", error)
        measured = {}
    return MapAssociator(config.association, measured)


def build_pipeline(
    config: PipelineConfig | None = None, device: str = "auto", truth_lookup: TruthLookup | None = None
) -> Pipeline:
    """All stages, ready for the first frame.

    Args:
        config: of the stages; the defaults when left out.
        device: as for ``resolve_device``.
        truth_lookup: for a detector that reads label images.

    Raises:
        ModelError: weights cannot be had, or do not fit.
        ConfigError: the detector needs a ``truth_lookup``.
        DeviceError: no such device.
    """
    config = config or PipelineConfig()
    detector = build_detector(config, device, truth_lookup)
    return Pipeline(detector, build_encoder(config, device), build_associator(config))


def build_runs(
    truth_lookup: TruthLookup, device: str = "auto", config: PipelineConfig | None = None
) -> dict[str, Run]:
    """The offline runs that are compared with each other; they share one detector and one encoder.

    So does its propagation, which sees the frames of the first run: colour alone.
    """
    config = config or PipelineConfig()
    detector = SharedDetector(build_detector(config, device, truth_lookup))
    encoder = SharedEncoder(build_encoder(config, device))
    modes = {"colour": Mode.colour, "colour_depth_pose": Mode.colour_depth_pose}
    runs = {
        name: Run(Pipeline(detector, encoder, build_associator(config)), mode) for name, mode in modes.items()
    }
    return {**runs, "deepsort": Run(Pipeline(detector, encoder, deepsort_associator()), Mode.colour)}
