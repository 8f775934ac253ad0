"""Plain data (YAML, parameters) into checked dataclasses, with errors that name the key."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from reobj.errors import ConfigError, ReobjError, mismatch

T = TypeVar("T")


def from_mapping(kind: type[T], data: object, path: str, beside: Sequence[str] = ()) -> T:
    """Makes a dataclass of a mapping. Keys that are left out keep their defaults.

    Fields may be bool, int, float, str, a dataclass, ``tuple`` of those, or ``None`` beside one of them.
    An int is taken for a float, nothing else is converted. A value may be the field's dataclass already.

    Args:
        kind: the dataclass.
        data: the mapping.
        path: name of the mapping for messages, e.g. ``encoder``; empty for a whole file.
        beside: keys of the mapping that were taken out before, for messages.

    Raises:
        ConfigError: an unknown key, another type, or a value that the dataclass refuses.
    """
    if not isinstance(data, Mapping):
        raise ConfigError(mismatch(path, "a mapping", _shown(data)))
    hints = typing.get_type_hints(kind)
    names = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    for key in data:
        if key not in names:
            raise ConfigError(
                f"{_join(path, key)}: unknown key, expected one of {', '.join([*beside, *names])}"
            )
    values = {key: _convert(hints[key], value, _join(path, key)) for key, value in data.items()}
    try:
        return kind(**values)
    except ReobjError as error:
        raise ConfigError(f"{path}: {error}" if path else str(error)) from error
    except TypeError as error:  # a field without a default was left out
        missing = ", ".join(sorted(set(names) - set(values)))
        raise ConfigError(
            f"{path or kind.__name__}: expected all required keys, missing of {missing}"
        ) from error


def _convert(hint: Any, value: object, path: str) -> object:
    """``value`` as the type ``hint``, or ConfigError."""
    if dataclasses.is_dataclass(hint):
        if isinstance(value, hint):  # type: ignore[arg-type]  # a section that was parsed on its own
            return value
        return from_mapping(hint, value, path)  # type: ignore[arg-type]
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return _convert_optional(hint, value, path)
    if origin is tuple:
        return _convert_tuple(typing.get_args(hint), value, path)
    if origin is typing.Literal:
        if value not in typing.get_args(hint):
            raise ConfigError(
                mismatch(path, f"one of {', '.join(map(str, typing.get_args(hint)))}", _shown(value))
            )
        return value
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        raise ConfigError(mismatch(path, hint.__name__, _shown(value)))
    return value


def _convert_optional(hint: Any, value: object, path: str) -> object:
    """``X | None``."""
    choices = [choice for choice in typing.get_args(hint) if choice is not types.NoneType]
    return None if value is None else _convert(choices[0], value, path)


def _convert_tuple(kinds: tuple[Any, ...], value: object, path: str) -> tuple[object, ...]:
    """``tuple[X, ...]`` or ``tuple[X, Y]`` of a list."""
    if not isinstance(value, (list, tuple)):
        raise ConfigError(mismatch(path, "a list", _shown(value)))
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(value)
    if len(kinds) != len(value):
        raise ConfigError(mismatch(path, f"a list of {len(kinds)}", f"{len(value)} entries"))
    return tuple(
        _convert(kind, v, f"{path}[{i}]") for i, (kind, v) in enumerate(zip(kinds, value, strict=True))
    )


def _join(path: str, key: object) -> str:
    return f"{path}.{key}" if path else str(key)


def _shown(value: object) -> str:
    return f"{value!r} ({type(value).__name__})"
