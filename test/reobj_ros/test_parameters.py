from __future__ import annotations

import array
from collections.abc import Callable

import pytest
from rcl_interfaces.msg import ParameterDescriptor
from rclpy.exceptions import ParameterException
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

from reobj.errors import ConfigError
from reobj_ros.node.parameters import Parameter, declare

RATE = Parameter("rate", 1.0, "speed", 0.01, 100.0)
COUNT = Parameter("count", 3, "how many", 0)
SIDE = Parameter("side", "left", "which", choices=("left", "right"))
SWITCH = Parameter("switch", "auto", "when", choices=("auto", "on", "off"))
FLAG = Parameter("flag", False, "whether")
NAMES = Parameter("names", ["a"], "some")
SHARES = Parameter("shares", [0.5], "of all", maximum=1.0)


@pytest.mark.parametrize(
    ("row", "given", "got"),
    [
        (RATE, 2.5, 2.5),
        (RATE, 2, 2.0),  # rclpy alone refuses an integer for a double
        (COUNT, 0, 0),
        (SIDE, "right", "right"),
        (SWITCH, True, "on"),  # what YAML makes of the word
        (SWITCH, False, "off"),
        (SWITCH, "on", "on"),
        (FLAG, True, True),
        (NAMES, ["x", "y"], ["x", "y"]),
        (SHARES, array.array("d", [0.25, 1.0]), [0.25, 1.0]),
        (SHARES, [1], [1.0]),
    ],
)
def test_a_value_of_the_right_type_is_taken(row: Parameter, given: object, got: object) -> None:
    checked = row.checked(given)
    assert checked == got
    assert type(checked) is type(got)


@pytest.mark.parametrize(
    ("row", "given", "says"),
    [
        (RATE, float("nan"), "parameter rate: expected a number, got nan"),
        (RATE, float("inf"), "parameter rate: expected 0.01 to 100, got inf"),
        (RATE, -1, "parameter rate: expected 0.01 to 100, got -1.0"),
        (RATE, True, "parameter rate: expected a number, got True"),
        (RATE, "fast", "parameter rate: expected a number, got 'fast'"),
        (COUNT, 1.0, "parameter count: expected an integer, got 1.0"),
        (COUNT, -1, "parameter count: expected >= 0, got -1"),
        (SIDE, "up", "parameter side: expected one of left, right, got 'up'"),
        (SIDE, 1, "parameter side: expected text, got 1"),
        (SIDE, True, "parameter side: expected text, got True"),
        (FLAG, 1, "parameter flag: expected true or false, got 1"),
        (NAMES, "a", "parameter names: expected a list, each entry text, got 'a'"),
        (SHARES, [0.5, 1.5], "parameter shares: expected <= 1, got 1.5"),
    ],
)
def test_any_other_value_is_refused_with_its_name(row: Parameter, given: object, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        row.checked(given)
    assert str(caught.value) == says


def test_without_overrides_a_node_has_the_defaults(node: Node) -> None:
    assert declare(node, [RATE, COUNT, SIDE]) == {"rate": 1.0, "count": 3, "side": "left"}


def test_overrides_are_taken_and_converted(make_node: Callable[..., Node]) -> None:
    node = make_node("-p", "rate:=2", "-p", "shares:=[1, 0]", "-p", "side:=right")
    assert declare(node, [RATE, SHARES, SIDE]) == {"rate": 2.0, "shares": [1.0, 0.0], "side": "right"}


def test_on_and_off_need_no_quotes(make_node: Callable[..., Node]) -> None:
    assert declare(make_node("-p", "switch:=on"), [SWITCH]) == {"switch": "on"}


def test_an_empty_list_which_rcl_gives_no_type_is_one(make_node: Callable[..., Node]) -> None:
    assert declare(make_node("-p", "names:=[]"), [NAMES]) == {"names": []}


@pytest.mark.parametrize("given", ["rate:=1000.0", "rate:=.nan", "count:=-3", "rate:=1000", "side:=up"])
def test_a_wrong_override_is_an_error_that_names_it(make_node: Callable[..., Node], given: str) -> None:
    node = make_node("-p", given)
    with pytest.raises((ConfigError, ParameterException), match=given.partition(":")[0]):
        declare(node, [RATE, COUNT, SIDE])


def test_parameters_are_described_with_their_range_and_when_they_change(node: Node) -> None:
    live, fixed = Parameter("live", 1, "any time", live=True), Parameter("fixed", 1, "never", fixed=True)
    declare(node, [RATE, COUNT, SIDE, live, fixed])
    rate: ParameterDescriptor = node.describe_parameter("rate")
    assert (rate.description, rate.read_only) == ("speed", False)
    assert (rate.floating_point_range[0].from_value, rate.floating_point_range[0].to_value) == (0.01, 100.0)
    assert node.describe_parameter("count").integer_range[0].from_value == 0
    constraints = [node.describe_parameter(name).additional_constraints for name in ("side", "live", "fixed")]
    assert constraints == [
        "one of: left, right; changes: while unconfigured",
        "changes: at any moment",
        "changes: never",
    ]
    assert not node.set_parameters([RosParameter("fixed", value=2)])[0].successful


def test_what_is_declared_already_keeps_its_value(node: Node) -> None:
    declare(node, [COUNT])
    node.set_parameters([RosParameter("count", value=7)])
    assert declare(node, [COUNT, SIDE]) == {"count": 7, "side": "left"}
