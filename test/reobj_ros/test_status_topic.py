"""The same status by our own publisher and, where it is installed, by diagnostic_updater."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.node import Node

from reobj_ros.node import status_topic
from reobj_ros.node.belongings import Belongings
from reobj_ros.node.status_topic import Status, StatusTopic

SICK = Status(DiagnosticStatus.WARN, "no depth", {"dropped": "3", "map_objects": "7"})


@pytest.fixture(
    params=[
        "ours",
        pytest.param(
            "diagnostic_updater",
            marks=pytest.mark.skipif(
                status_topic.diagnostic_updater is None,
                reason="needs diagnostic_updater, which is not installed",
            ),
        ),
    ],
    autouse=True,
)
def publisher(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "ours":
        monkeypatch.setattr(status_topic, "diagnostic_updater", None)


def listen(node: Node) -> list[DiagnosticStatus]:
    heard: list[DiagnosticStatus] = []
    node.create_subscription(DiagnosticArray, "/diagnostics", lambda array: heard.extend(array.status), 10)
    return heard


def test_a_status_goes_out_by_itself_under_the_full_name_of_the_node(
    make_node: Callable[..., Node], spin: Callable[..., bool]
) -> None:
    node, listener = make_node(), make_node()
    heard = listen(listener)
    StatusTopic(node, "cuda:0", lambda: SICK)
    assert spin(lambda: any(status.message == "no depth" for status in heard), node, listener)
    status = heard[-1]
    assert status.name == f"{node.get_fully_qualified_name()}: reobj"
    assert (status.level, status.hardware_id) == (DiagnosticStatus.WARN, "cuda:0")
    assert {pair.key: pair.value for pair in status.values} == SICK.values


def test_a_status_goes_out_while_the_clock_of_a_bag_stands_still(
    make_node: Callable[..., Node], spin: Callable[..., bool]
) -> None:
    node, listener = make_node("-p", "use_sim_time:=true"), make_node()
    heard = listen(listener)
    StatusTopic(node, "", lambda: SICK)
    assert spin(lambda: any(status.message == "no depth" for status in heard), node, listener)
    assert heard[-1].hardware_id == "none"


def test_it_can_be_destroyed_with_the_rest_and_made_again(
    make_node: Callable[..., Node], spin: Callable[..., bool]
) -> None:
    node, listener = make_node(), make_node()
    belongings = Belongings(node)
    StatusTopic(node, "", lambda: SICK)
    belongings.destroy(pytest.fail)
    heard = listen(listener)
    StatusTopic(node, "", lambda: Status(DiagnosticStatus.OK, "ok", {}))
    assert spin(lambda: any(status.message == "ok" for status in heard), node, listener)
    assert {status.message for status in heard} <= {"ok", "Node starting up"}
