"""The configuration dataclasses of the stages as parameters, and back."""

from __future__ import annotations

import dataclasses
import inspect
import re
import typing
from collections.abc import Collection, Mapping
from typing import Any

from reobj_ros.node.parameters import Parameter


def config_parameters(prefix: str, config: Any, live: Collection[str] = ()) -> list[Parameter]:
    """One parameter per field of a configuration dataclass, ``prefix.field``; nested ones too.

    Those whose names are in ``live`` may change at any moment. Their descriptions are those in the
    "Attributes" section of the dataclass's docstring. A field that is None has no type for ROS and is
    left out: it keeps its default. Ranges are checked by the dataclass itself.
    """
    rows: list[Parameter] = []
    meanings: dict[str, str] = {}
    for kind in reversed(type(config).__mro__):  # a field that is inherited is described where it is defined
        meanings |= attribute_meanings(kind.__doc__ or "")
    hints = typing.get_type_hints(type(config))
    for field in dataclasses.fields(config):
        name, value = f"{prefix}.{field.name}", getattr(config, field.name)
        if dataclasses.is_dataclass(value):
            rows += config_parameters(name, value, live)
        elif value is not None:
            choices = typing.get_args(hints[field.name]) if is_choice(hints[field.name]) else ()
            meaning = meanings.get(field.name, "")
            rows.append(Parameter(name, plain(value), meaning, choices=choices, live=name in live))
    return rows


def is_choice(hint: Any) -> bool:
    """Whether a type hint is ``Literal["a", "b"]``."""
    return typing.get_origin(hint) is typing.Literal


def plain(value: Any) -> Any:
    """A field's value as a parameter: tuples are lists, and an empty one holds an empty text.

    An empty list has no type for ROS; ``nested`` takes the empty text out again.
    """
    return (list(value) or [""]) if isinstance(value, tuple) else value


def attribute_meanings(docstring: str) -> dict[str, str]:
    """Name to meaning, of the "Attributes" section of a Google-style docstring.

    ``a, b: text`` explains several; lines that are indented further go on.
    """
    lines = inspect.cleandoc(docstring).splitlines()
    if "Attributes:" not in lines:
        return {}
    meanings: dict[str, str] = {}
    names: list[str] = []
    for line in lines[lines.index("Attributes:") + 1 :]:
        start = re.match(r" {4}(\w+(?:, \w+)*): (.*)", line)
        if start:
            names, text = start[1].split(", "), start[2]
        elif line.startswith(" " * 8) and names:
            text = f"{meanings[names[0]]} {line.strip()}"
        elif line.strip():
            break
        else:
            continue
        meanings |= dict.fromkeys(names, text)
    return meanings


def nested(values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The values below ``prefix`` as nested mappings, as a YAML file would have them."""
    tree: dict[str, Any] = {}
    for name, value in values.items():
        if name.startswith(prefix + "."):
            *path, last = name[len(prefix) + 1 :].split(".")
            branch = tree
            for part in path:
                branch = branch.setdefault(part, {})
            branch[last] = [] if value == [""] else value
    return tree
