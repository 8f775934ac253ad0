"""What a training run is told, from YAML to checked dataclasses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from reobj.encoding.model_spec import ModelSpec, parse_model_spec, spec_mapping
from reobj.errors import ConfigError, mismatch
from reobj.losses.registry import loss_entry
from reobj.losses.sup_con import SupConConfig
from reobj.settings import from_mapping
from reobj.training.sections import (
    AugmentConfig,
    BudgetConfig,
    OptimizerConfig,
    SamplerConfig,
    ValidationConfig,
    at_least,
)


@dataclass(frozen=True, slots=True)
class LossSection:
    """Which loss, and its own configuration.

    Attributes:
        name: as in ``reobj.losses.registry``.
        options: the dataclass of that loss.
    """

    name: str = "sup_con"
    options: Any = field(default_factory=SupConConfig)


Precision = Literal["auto", "32", "bf16-mixed", "16-mixed"]


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """A whole training run.

    Attributes:
        model: the network, its crops and their context.
        precision: auto is bf16-mixed on a CUDA device that has it, 16-mixed on others, 32 on a CPU.
        seed: >= 0, of the weights, the batches and the augmentation. Equal seeds give equal weights on a CPU.
        workers: threads that read and decode views, >= 0; 0 does it between the steps.
        half: store the weights in half precision: half the size; embeddings differ by less than views do.
    """

    model: ModelSpec
    loss: LossSection = field(default_factory=LossSection)
    sampler: SamplerConfig = field(default_factory=SamplerConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    budget: BudgetConfig = field(default_factory=BudgetConfig)
    validation: ValidationConfig = field(default_factory=ValidationConfig)
    precision: Precision = "auto"
    seed: int = 0
    workers: int = 2
    half: bool = False

    def __post_init__(self) -> None:
        at_least("seed", self.seed, 0)
        at_least("workers", self.workers, 0)


def read_mapping(path: Path | str) -> dict[str, Any]:
    """The content of a YAML file like config/train/small.yaml.

    Raises:
        ConfigError: no such file, not YAML, or no mapping.
    """
    try:
        data = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"configuration {path}: cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"configuration {path}: expected YAML, got {error}") from error
    if not isinstance(data, dict):
        raise ConfigError(mismatch(f"configuration {path}", "a mapping", type(data).__name__))
    return data


def load_train_config(path: Path | str) -> TrainConfig:
    """Reads a YAML file. Keys that are left out keep their defaults; ``model`` is needed.

    Raises:
        ConfigError: what ``read_mapping`` and ``parse_train_config`` raise.
    """
    return parse_train_config(read_mapping(path))


def parse_train_config(data: object) -> TrainConfig:
    """A configuration from plain data: one mapping per field of ``TrainConfig``.

    ``loss`` has ``name`` and beside it the options of that loss; ``model`` is as ``parse_model_spec`` says.

    Raises:
        ConfigError: an unknown key, a wrong type or value; the message names its path.
    """
    if not isinstance(data, Mapping):
        raise ConfigError(mismatch("configuration", "a mapping", type(data).__name__))
    if "model" not in data:
        raise ConfigError(mismatch("model", "a mapping", "nothing"))
    special: dict[str, Callable[[object], object]] = {
        "model": lambda section: parse_model_spec(section, "model"),
        "loss": _loss_section,
    }
    made = {key: parse(data[key]) for key, parse in special.items() if key in data}
    return from_mapping(TrainConfig, {**data, **made}, "")


def config_mapping(config: TrainConfig) -> dict[str, Any]:
    """The plain data that ``parse_train_config`` makes the same configuration of."""
    sections = ("sampler", "augment", "optimizer", "budget", "validation")
    return {
        "model": dict(spec_mapping(config.model)),
        "loss": {"name": config.loss.name, **asdict(config.loss.options)},
        **{name: asdict(getattr(config, name)) for name in sections},
        "precision": config.precision,
        "seed": config.seed,
        "workers": config.workers,
        "half": config.half,
    }


def _loss_section(data: object) -> LossSection:
    """``{name: ..., **options}``."""
    if not isinstance(data, Mapping):
        raise ConfigError(mismatch("loss", "a mapping", repr(data)))
    options = dict(data)
    name = options.pop("name", LossSection().name)
    if not isinstance(name, str):
        raise ConfigError(mismatch("loss.name", "a name", repr(name)))
    return LossSection(name, from_mapping(loss_entry(name).config, options, "loss"))
