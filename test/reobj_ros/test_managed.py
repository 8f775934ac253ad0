"""The life cycle of a node: what each transition makes and destroys, and what happens when one fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import rclpy
from rclpy.lifecycle import TransitionCallbackReturn
from std_msgs.msg import String
from std_srvs.srv import Trigger

from reobj.errors import ConfigError
from reobj_ros.node.managed import ManagedNode
from reobj_ros.node.parameters import Parameter

SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


class Diary(ManagedNode):
    """Writes down what is done to it, and makes one thing of each kind."""

    def __init__(self) -> None:
        super().__init__("diary", [Parameter("depth", 1, "how deep"), Parameter("pace", 1.0, "x", live=True)])
        self.done: list[str] = []
        self.breaks: dict[str, Exception] = {}

    def note(self, what: str) -> None:
        self.done.append(what)
        if what in self.breaks:
            raise self.breaks[what]

    def configure(self) -> None:
        self.at_end(lambda: self.note("cleanup"))
        self.voice = self.create_publisher(String, "voice", 10)
        self.note("configure")

    def activate(self) -> None:
        self.at_end(lambda: self.note("deactivate"))
        self.create_subscription(String, "ear", self.done.append, 10)
        self.create_service(Trigger, "ask", lambda request, response: response)
        self.create_timer(1.0, lambda: None)
        self.note("activate")


@pytest.fixture
def diary() -> Iterator[Callable[..., Diary]]:
    made = []

    def make(*ros_args: str) -> Diary:
        rclpy.init(args=["--ros-args", *ros_args] if ros_args else None, domain_id=96)
        made.append(Diary())
        return made[-1]

    yield make
    for node in made:
        node.destroy_node()
    rclpy.try_shutdown()


def entities(node: Diary) -> tuple[int, ...]:
    kinds = (node.publishers, node.subscriptions, node.services, node.timers)
    return tuple(len(list(kind)) for kind in kinds)


def state(node: Diary) -> str:
    return str(node._state_machine.current_state[1])


def test_it_becomes_active_by_itself(diary: Callable[..., Diary]) -> None:
    node = diary()
    assert node.start()
    assert (node.done, state(node)) == (["configure", "activate"], "active")


def test_without_autostart_it_waits(diary: Callable[..., Diary]) -> None:
    node = diary("-p", "autostart:=false")
    assert node.start()
    assert (node.done, state(node)) == ([], "unconfigured")


def test_each_way_down_destroys_what_the_way_up_made(diary: Callable[..., Diary]) -> None:
    node = diary()
    bare = entities(node)
    node.trigger_configure()
    configured = entities(node)
    assert configured == (bare[0] + 1, *bare[1:])
    for _ in range(3):
        node.trigger_activate()
        assert entities(node) == (configured[0], *(count + 1 for count in configured[1:]))
        node.trigger_deactivate()
        assert entities(node) == configured
    node.trigger_cleanup()
    assert entities(node) == bare
    assert node.done == ["configure", *["activate", "deactivate"] * 3, "cleanup"]


def test_its_publishers_are_silent_unless_it_is_active(diary: Callable[..., Diary]) -> None:
    node = diary()
    node.trigger_configure()
    assert not node.voice.is_activated
    node.trigger_activate()
    assert node.voice.is_activated
    node.trigger_deactivate()
    assert not node.voice.is_activated


@pytest.mark.parametrize("error", [ConfigError("no such file"), ValueError("a bug")])
def test_what_cannot_be_configured_stays_unconfigured_and_may_be_tried_again(
    diary: Callable[..., Diary], error: Exception
) -> None:
    node = diary()
    bare = entities(node)
    node.breaks["configure"] = error
    assert not node.start()
    assert (state(node), entities(node)) == ("unconfigured", bare)
    assert node.done == ["configure", "cleanup"]
    node.breaks.clear()
    assert node.start()


def test_what_cannot_be_activated_stays_inactive(diary: Callable[..., Diary]) -> None:
    node = diary()
    node.breaks["activate"] = ConfigError("no tf")
    assert not node.start()
    assert (state(node), node.is_active, node.is_configured) == ("inactive", False, True)
    assert node.done == ["configure", "activate", "deactivate"]
    assert not node.voice.is_activated


def test_an_error_on_the_way_down_does_not_stop_it(diary: Callable[..., Diary]) -> None:
    node = diary()
    bare = entities(node)
    node.start()
    node.breaks |= {"deactivate": OSError("thread"), "cleanup": OSError("disk")}
    assert node.trigger_deactivate() == SUCCESS
    assert node.trigger_cleanup() == SUCCESS
    assert (state(node), entities(node)) == ("unconfigured", bare)


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_shutdown_ends_in_order_from_any_state(diary: Callable[..., Diary], steps: int) -> None:
    node = diary()
    for trigger in (node.trigger_configure, node.trigger_activate)[:steps]:
        trigger()
    node.trigger_shutdown()
    assert state(node) == "finalized"
    assert (
        node.done
        == ["configure", "activate", "deactivate", "cleanup"][:steps]
        + [
            "deactivate",
            "cleanup",
        ][2 - steps :]
    )


def test_a_parameter_changes_while_it_is_unconfigured_and_is_taken_with_the_next_round(
    diary: Callable[..., Diary],
) -> None:
    node = diary()
    node.start()
    change = [rclpy.Parameter("depth", value=5)]
    assert not node.set_parameters(change)[0].successful
    node.trigger_deactivate()
    node.trigger_cleanup()
    assert node.set_parameters(change)[0].successful
    assert node.start()
    assert node.settings["depth"] == 5


def test_a_live_parameter_changes_while_it_is_active(diary: Callable[..., Diary]) -> None:
    node = diary()
    node.start()
    assert node.set_parameters([rclpy.Parameter("pace", value=2.0)])[0].successful
    assert node.settings["pace"] == 2.0


def test_ends_come_in_the_opposite_order_of_beginnings(diary: Callable[..., Diary]) -> None:
    node = diary()
    node.trigger_configure()
    node.trigger_activate()
    for name in ("first", "second"):
        node.at_end(lambda name=name: node.note(name))
    node.done.clear()
    node.trigger_deactivate()
    assert node.done == ["second", "first", "deactivate"]


def test_what_failed_before_it_began_anything_has_nothing_to_end(diary: Callable[..., Diary]) -> None:
    node = diary()
    node.activate = lambda: node.frames  # type: ignore[method-assign]  # no such attribute
    assert not node.start()
    assert node.done == ["configure"]
    assert state(node) == "inactive"
