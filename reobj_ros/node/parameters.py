"""Parameters: declared in one table per node, with type, description, range and read-only flag."""

from __future__ import annotations

import array
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node

from reobj.errors import ConfigError, mismatch

KINDS = {bool: "true or false", int: "an integer", float: "a number", str: "text"}
"""Python type of a value: what to call it."""

_READ_BY_YAML = {True: "on", False: "off"}
"""What somebody wrote who gave a truth value for a text: YAML takes these words for one."""


@dataclass(frozen=True)
class Parameter:
    """One row of a node's table.

    Attributes:
        name: dotted name.
        default: its type is the parameter's type; a list is not empty.
        description: meaning and unit, and what raising it costs.
        minimum, maximum: inclusive, for numbers; None = open.
        choices: allowed texts; empty = any.
        live: may change at any moment; others are taken when the node is configured.
        fixed: never changes after the start.
    """

    name: str
    default: Any
    description: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    live: bool = False
    fixed: bool = False

    def descriptor(self) -> ParameterDescriptor:
        """For ``ros2 param describe``. The type is left to ``checked``: rclpy takes no 2 for a 2.0."""
        made = ParameterDescriptor(description=self.description, read_only=self.fixed, dynamic_typing=True)
        constraints = [f"one of: {', '.join(self.choices)}"] if self.choices else []
        constraints.append(f"changes: {self.when()}")
        made.additional_constraints = "; ".join(constraints)
        if self.minimum is None and self.maximum is None:
            return made
        if isinstance(self.default, float):
            low = -1e308 if self.minimum is None else float(self.minimum)
            high = 1e308 if self.maximum is None else float(self.maximum)
            made.floating_point_range = [FloatingPointRange(from_value=low, to_value=high)]
        else:
            low = -(2**62) if self.minimum is None else int(self.minimum)
            high = 2**62 if self.maximum is None else int(self.maximum)
            made.integer_range = [IntegerRange(from_value=low, to_value=high)]
        return made

    def checked(self, value: Any) -> Any:
        """A given value as one of the default's type; an integer is taken for a number.

        Where ``on`` or ``off`` is a choice, it needs no quotes: what YAML makes of it is turned back.

        Raises:
            ConfigError: another type, out of range, not a number, or none of the choices.
        """
        if not isinstance(self.default, list):
            return self._checked_item(value, type(self.default))
        kind = type(self.default[0])
        if value is None:  # what rcl makes of an empty list in a file, whose type it cannot know
            return []
        if not isinstance(value, (list, tuple, array.array)):
            raise self._refusal(f"a list, each entry {KINDS[kind]}", value)
        return [self._checked_item(item, kind) for item in value]

    def _checked_item(self, value: Any, kind: Any) -> Any:
        if kind is float and type(value) is int:
            value = float(value)
        if kind is str and type(value) is bool and _READ_BY_YAML[value] in self.choices:
            value = _READ_BY_YAML[value]
        if type(value) is not kind or (kind is float and math.isnan(value)):
            raise self._refusal(KINDS[kind], value)
        if self.choices and value not in self.choices:
            raise self._refusal(f"one of {', '.join(self.choices)}", value)
        low, high = self.minimum, self.maximum
        if (low is not None and value < low) or (high is not None and value > high):
            raise self._refusal(self.range(), value)
        return value

    def when(self) -> str:
        """When it may change, in words."""
        return "at any moment" if self.live else "never" if self.fixed else "while unconfigured"

    def range(self) -> str:
        """What values are allowed, in words; empty where all of the type are."""
        if self.choices:
            return ", ".join(self.choices)
        low, high = self.minimum, self.maximum
        if low is None or high is None:
            return f">= {low:g}" if low is not None else f"<= {high:g}" if high is not None else ""
        return f"{low:g} to {high:g}"

    def _refusal(self, expected: str, value: Any) -> ConfigError:
        return ConfigError(mismatch(f"parameter {self.name}", expected, repr(value)))


def declare(node: Node, table: Iterable[Parameter]) -> dict[str, Any]:
    """Declares the parameters that the node does not have yet, and gives the values of all of them.

    Raises:
        ConfigError: a value of another type, or none of the choices.
        rclpy.exceptions.ParameterException: out of range; with the name, the range and the value.
    """
    values = {}
    for row in table:
        if not node.has_parameter(row.name):
            node.declare_parameter(row.name, row.default, row.descriptor())
        values[row.name] = row.checked(node.get_parameter(row.name).value)
    return values
