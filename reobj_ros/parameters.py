"""Parameters: declared in one table per node, with description, range and read-only flag."""

from __future__ import annotations

import dataclasses
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
                    from_value=-1e308 if low is None else float(low), to_value=1e308 if high is None else float(high)
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
    """One parameter per field of a configuration dataclass, ``prefix.field``; nested ones too."""
    rows: list[Parameter] = []
    for field in dataclasses.fields(config):
        name, value = f"{prefix}.{field.name}", getattr(config, field.name)
        if dataclasses.is_dataclass(value):
            rows += config_parameters(name, value)
        else:
            plain = list(value) if isinstance(value, tuple) else value
            rows.append(Parameter(name, plain, field.metadata.get("description", field.name.replace("_", " "))))
    return rows


def nested(values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The values below ``prefix`` as nested mappings, as a YAML file would have them."""
    tree: dict[str, Any] = {}
    for name, value in values.items():
        if name.startswith(prefix + "."):
            *path, last = name[len(prefix) + 1 :].split(".")
            branch = tree
            for part in path:
                branch = branch.setdefault(part, {})
            branch[last] = value
    return tree
