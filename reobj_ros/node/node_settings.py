"""The parameters of a node while it lives: taken when it is configured, some of them at any moment."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

from reobj.errors import ConfigError, ReobjError
from reobj_ros.node.parameters import Parameter, declare

_ALIKE = 0.85  #: similarity of two names from which on one is the other misspelt, as difflib has it


class NodeSettings:
    """Declares parameters, and refuses values that are wrong, or come at a wrong time, with a reason.

    Args:
        node: that has them.
        is_configured: whether it is too late for what is taken when the node is configured.
        tune: told new values of live parameters of a configured node; a ReobjError refuses them.

    Attributes:
        values: by name; what changes while the node runs changes here.
    """

    def __init__(
        self, node: Node, is_configured: Callable[[], bool], tune: Callable[[dict[str, Any]], None]
    ) -> None:
        self._node, self._is_configured, self._tune = node, is_configured, tune
        self._table: dict[str, Parameter] = {}
        self.values: dict[str, Any] = {}
        node.add_on_set_parameters_callback(self._judge)

    def declare(self, table: Iterable[Parameter]) -> dict[str, Any]:
        """Declares what is not declared yet; gives the present values. Raises as ``parameters.declare``."""
        rows = list(table)
        found = declare(self._node, rows)
        self._table |= {row.name: row for row in rows}
        self.values |= found
        return found

    def misspelt(self) -> dict[str, str]:
        """Names that were given at the start and that nobody declared, each with the one that is meant.

        ROS ignores them. Names of other nodes, which stand in the same file, are not like any of these.
        """
        given: Iterable[str] = getattr(self._node, "_parameter_overrides", ())
        unknown = [name for name in given if not self._node.has_parameter(name)]
        alike = {name: difflib.get_close_matches(name, self._table, 1, _ALIKE) for name in unknown}
        return {name: found[0] for name, found in alike.items() if found}

    def _judge(self, given: list[RosParameter]) -> SetParametersResult:
        """Takes all of the values, or none of them. Those of rclpy itself are not judged here."""
        ours = [(self._table[item.name], item.value) for item in given if item.name in self._table]
        try:
            values = {row.name: self._checked(row, value) for row, value in ours}
            if values and self._is_configured():
                self._tune(values)
        except ReobjError as error:
            return SetParametersResult(successful=False, reason=str(error))
        self.values |= values
        return SetParametersResult(successful=True)

    def _checked(self, row: Parameter, value: Any) -> Any:
        if self._is_configured() and not row.live:
            raise ConfigError(
                f"parameter {row.name}: is taken when the node is configured; "
                "deactivate it and clean it up before it can change"
            )
        return row.checked(value)
