"""Parameters: declared in one table per node, with description, range and read-only flag."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node


@dataclass(frozen=True)
class Parameter:
    """One row of a node's table.

    Attributes:
        name: dotted name.
        default: its type is the parameter's type.
        description: meaning and unit, and what raising it costs.
        minimum, maximum: inclusive, for numbers; None = open.
        choices: allowed texts; empty = any.
    """

    name: str
    default: Any
    description: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()

    def descriptor(self) -> ParameterDescriptor:
        constraints = f"one of: {', '.join(self.choices)}" if self.choices else ""
        made = ParameterDescriptor(
            description=self.description, additional_constraints=constraints, read_only=True
        )
        if self.minimum is None and self.maximum is None:
            return made
        if isinstance(self.default, float):
            low, high = self.minimum, self.maximum
            made.floating_point_range = [
                FloatingPointRange(
                    from_value=-1e308 if low is None else float(low),
                    to_value=1e308 if high is None else float(high),
                )
            ]
        else:
            made.integer_range = [
                IntegerRange(
                    from_value=-(2**62) if self.minimum is None else int(self.minimum),
                    to_value=2**62 if self.maximum is None else int(self.maximum),
                )
            ]
        return made


def declare(node: Node, table: Iterable[Parameter]) -> dict[str, Any]:
    """Declares the parameters and gives their values.

    Raises:
        ValueError: a text is none of its choices.
        rclpy.exceptions.InvalidParameterValueException, InvalidParameterTypeException: from rclpy,
            with the name, the range and the value.
    """
    values = {}
    for row in table:
        value = node.declare_parameter(row.name, row.default, row.descriptor()).value
        if row.choices and value not in row.choices:
            raise ValueError(f"parameter {row.name}: expected one of {', '.join(row.choices)}, got {value!r}")
        values[row.name] = value
    return values


def config_parameters(prefix: str, config: Any) -> list[Parameter]:
    """One parameter per field of a configuration dataclass, ``prefix.field``; nested ones too.

    Their descriptions are those in the "Attributes" section of the dataclass's docstring. A field
    that is None has no type for ROS and is left out: it keeps its default.
    """
    rows: list[Parameter] = []
    meanings = attribute_meanings(type(config).__doc__ or "")
    for field in dataclasses.fields(config):
        name, value = f"{prefix}.{field.name}", getattr(config, field.name)
        if dataclasses.is_dataclass(value):
            rows += config_parameters(name, value)
        elif value is not None:
            rows.append(Parameter(name, plain(value), meanings.get(field.name, "")))
    return rows


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
