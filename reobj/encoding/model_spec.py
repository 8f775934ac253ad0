"""What a trained encoder is built from: a network of the registry, its options, and what its crops show."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from reobj.encoding.context import ContextSpec
from reobj.encoding.networks import network_entry
from reobj.errors import ConfigError, InputError, ModelError, mismatch
from reobj.settings import from_mapping

_CROP_SIZES = range(16, 1025)


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """All that decides how a network looks before it is trained, and what it is shown.

    Attributes:
        network: as in ``reobj.encoding.networks``.
        options: the dataclass of that network.
        crop_size: side of the crops in pixels, 16 to 1024. More sees finer things, slower.
        context: how much background the crops show.
    """

    network: str
    options: Any
    crop_size: int
    context: ContextSpec = field(default_factory=ContextSpec)

    def __post_init__(self) -> None:
        kind = network_entry(self.network).config
        if type(self.options) is not kind:
            got = type(self.options).__name__
            raise InputError(mismatch(f"options of network {self.network}", kind.__name__, got))
        if self.crop_size not in _CROP_SIZES:
            expected = f"an integer from {_CROP_SIZES[0]} to {_CROP_SIZES[-1]}"
            raise InputError(mismatch("crop_size", expected, self.crop_size))


def parse_model_spec(data: object, path: str) -> ModelSpec:
    """A specification from plain data: ``{network, options: {...}, crop_size, context: {...}}``.

    Options and context that are left out keep their defaults.

    Args:
        data: the mapping.
        path: its name for messages, e.g. ``model``; empty for a whole file.

    Raises:
        ConfigError: an unknown network or key, or a wrong value; the message names its key.
    """
    plain = from_mapping(_PlainSpec, data, path)
    prefix = f"{path}." if path else ""
    try:
        entry = network_entry(plain.network)
    except ModelError as error:
        raise ConfigError(f"{prefix}network: {error}") from error
    options = from_mapping(entry.config, plain.options, f"{prefix}options")
    try:
        return ModelSpec(plain.network, options, plain.crop_size, plain.context)
    except InputError as error:
        raise ConfigError(f"{prefix}{error}") from error


@dataclass(frozen=True, slots=True)
class _PlainSpec:
    """A specification whose options are not read yet."""

    network: str
    crop_size: int
    options: dict = field(default_factory=dict)
    context: ContextSpec = field(default_factory=ContextSpec)


def spec_mapping(spec: ModelSpec) -> dict[str, Any]:
    """The specification as plain data, of which ``parse_model_spec`` makes an equal one. Lists for tuples."""
    return {
        "network": spec.network,
        "options": _plain(dataclasses.asdict(spec.options)),
        "crop_size": spec.crop_size,
        "context": dataclasses.asdict(spec.context),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def without_pretraining(spec: ModelSpec) -> ModelSpec:
    """The same architecture with drawn weights: nothing is fetched or looked for on disk to build it."""
    if not hasattr(spec.options, "weights"):
        return spec
    return dataclasses.replace(spec, options=dataclasses.replace(spec.options, weights="none"))


def build_network(spec: ModelSpec, seed: int = 0) -> nn.Module:
    """The network of a specification, on the CPU, in training mode.

    Args:
        spec: what to build.
        seed: of all weights that are drawn; the global random state is left alone.

    Raises:
        ModelError: options that do not go together, or pretrained weights that cannot be had.
    """
    entry = network_entry(spec.network)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network: nn.Module = entry.make(spec.options, spec.crop_size)
    return network.train()
