from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

from reobj.errors import ConfigError
from reobj_ros.node.node_settings import NodeSettings
from reobj_ros.node.parameters import Parameter

WAIT = Parameter("wait", 0.5, "how long, s", 0.0, 10.0, live=True)
NAME = Parameter("name", "a", "which", choices=("a", "b"))


class Told:
    """What a node is told of new values, and whether it is configured."""

    def __init__(self, node: Node) -> None:
        self.configured, self.values = False, []
        self.settings = NodeSettings(node, lambda: self.configured, self.tune)
        self.settings.declare([WAIT, NAME])

    def tune(self, values: dict[str, Any]) -> None:
        if values.get("wait") == 9.0:
            raise ConfigError("parameter wait: expected less than the period, got 9.0")
        self.values.append(values)


@pytest.fixture
def told(node: Node) -> Told:
    return Told(node)


def put(node: Node, **values: Any) -> Any:
    return node.set_parameters_atomically([RosParameter(name, value=value) for name, value in values.items()])


def test_before_it_is_configured_all_may_change_and_nobody_is_told(node: Node, told: Told) -> None:
    assert put(node, wait=2, name="b").successful
    assert told.settings.values == {"wait": 2.0, "name": "b"}
    assert told.values == []


def test_a_live_value_changes_at_once_and_the_node_is_told(node: Node, told: Told) -> None:
    told.configured = True
    assert put(node, wait=2.0).successful
    assert told.values == [{"wait": 2.0}]
    assert told.settings.values["wait"] == 2.0


def test_another_one_is_refused_with_the_way_to_change_it(node: Node, told: Told) -> None:
    told.configured = True
    answer = put(node, name="b")
    assert not answer.successful
    assert answer.reason.startswith("parameter name: is taken when the node is configured; deactivate it")
    assert node.get_parameter("name").value == told.settings.values["name"] == "a"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"wait": "long"}, "parameter wait: expected a number, got 'long'"),
        ({"name": "c"}, "parameter name: expected one of a, b, got 'c'"),
        ({"wait": float("nan")}, "wait"),
        ({"wait": 11.0}, "wait"),
    ],
)
def test_a_wrong_value_is_refused_with_a_reason(
    node: Node, told: Told, values: dict[str, Any], reason: str
) -> None:
    answer = put(node, **values)
    assert not answer.successful
    assert reason in answer.reason
    assert told.settings.values == {"wait": 0.5, "name": "a"}


def test_what_the_node_itself_refuses_stays_as_it_was(node: Node, told: Told) -> None:
    told.configured = True
    answer = put(node, wait=9.0)
    assert (answer.successful, answer.reason) == (
        False,
        "parameter wait: expected less than the period, got 9.0",
    )
    assert told.settings.values["wait"] == node.get_parameter("wait").value == 0.5


def test_of_values_that_come_together_all_are_taken_or_none(node: Node, told: Told) -> None:
    told.configured = True
    assert not put(node, wait=2.0, name="b").successful
    assert told.settings.values == {"wait": 0.5, "name": "a"}
    assert told.values == []


def test_parameters_of_rclpy_are_not_judged(node: Node, told: Told) -> None:
    told.configured = True
    assert put(node, use_sim_time=True).successful


def test_a_name_that_is_almost_one_of_the_nodes_is_told_apart_from_those_of_other_nodes(
    make_node: Callable[..., Node],
) -> None:
    node = make_node("-p", "nam:=b", "-p", "name:=b", "-p", "image_topic:=x", "-p", "use_sim_tme:=true")
    settings = NodeSettings(node, lambda: False, lambda values: None)
    settings.declare([WAIT, NAME])
    assert settings.misspelt() == {"nam": "name"}
