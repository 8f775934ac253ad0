"""Which parameters of association can change while it runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from reobj.association.associator_config import AssociatorConfig
from reobj.errors import ConfigError, mismatch

#: what is in the map or in the tracks was made with them
_FIXED = frozenset(
    {
        "use_geometry",
        "max_prototypes",
        "max_views",
        "min_novelty",
        "calibration.source",
        "calibration.slope",
        "calibration.offset",
        "tracker.budget",
        "tracker.overlap",
    }
)


def _leaves(config: Any, prefix: str = "") -> Iterator[tuple[str, object]]:
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if dataclasses.is_dataclass(value):
            yield from _leaves(value, f"{prefix}{field.name}.")
        else:
            yield f"{prefix}{field.name}", value


LIVE: frozenset[str] = frozenset(key for key, _ in _leaves(AssociatorConfig())) - _FIXED
"""Dotted names of the parameters of ``AssociatorConfig`` that can change at any moment."""


def check_live(before: AssociatorConfig, after: AssociatorConfig) -> None:
    """Raises ConfigError, naming it, where a parameter differs that cannot change while it runs."""
    was = dict(_leaves(before))
    for key, value in _leaves(after):
        if key not in LIVE and value != was[key]:
            expected = f"{was[key]}, as it cannot change while running"
            raise ConfigError(mismatch(f"association.{key}", expected, value))
