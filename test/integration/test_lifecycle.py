"""The nodes under a lifecycle manager: the calls that Nav2's makes, in its order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from processes import LABEL_IMAGE, Probe, play
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter

from reobj.association.store.reading import read_map
from reobj.live_run import NodeProcesses
from reobj_msgs.msg import ObjectMap
from reobj_ros.node.publishers import LATCHED

pytestmark = [pytest.mark.ros, pytest.mark.timeout(600)]


class Manager:
    """Asks one node for its state and for transitions."""

    def __init__(self, probe: Probe, node: str) -> None:
        self._probe, self._node = probe, node

    def call(self, kind: Any, name: str, request: Any) -> Any:
        client = self._probe.node.create_client(kind, f"/{self._node}/{name}")
        assert self._probe.until(client.service_is_ready), name
        future = client.call_async(request)
        assert self._probe.until(future.done), name
        return future.result()

    def change(self, transition: int) -> bool:
        request = ChangeState.Request(transition=Transition(id=transition))
        return bool(self.call(ChangeState, "change_state", request).success)

    def state(self) -> int:
        return int(self.call(GetState, "get_state", GetState.Request()).current_state.id)

    def put(self, **values: Any) -> Any:
        given = [Parameter(name.replace("__", "."), value=v).to_parameter_msg() for name, v in values.items()]
        request = SetParameters.Request(parameters=given)
        return self.call(SetParameters, "set_parameters", request).results[0]


def test_a_live_node_is_brought_up_stopped_changed_and_brought_up_again_with_its_map(
    nodes: NodeProcesses, short_bag: Path, probe: Probe, tmp_path: Path
) -> None:
    process = nodes.start(
        "live_node", LABEL_IMAGE | {"autostart": False, "map_file": str(tmp_path / "room.map")}
    )
    maps = probe.hear(ObjectMap, "/object_map", LATCHED)
    manager = Manager(probe, "live_node")
    assert manager.state() == State.PRIMARY_STATE_UNCONFIGURED

    assert manager.change(Transition.TRANSITION_CONFIGURE)
    assert manager.state() == State.PRIMARY_STATE_INACTIVE
    assert probe.node.count_subscribers("/image") == 0
    assert manager.change(Transition.TRANSITION_ACTIVATE)
    play(nodes, short_bag, probe)

    refused = manager.put(map_frame="odom")
    assert not refused.successful
    assert "deactivate it and clean it up" in refused.reason
    assert manager.change(Transition.TRANSITION_DEACTIVATE)
    assert probe.until(lambda: probe.node.count_subscribers("/image") == 0)
    assert manager.change(Transition.TRANSITION_CLEANUP)
    assert manager.put(map_frame="odom").successful
    before = {*read_map(tmp_path / "room.map").objects.uuids}
    assert before

    assert manager.change(Transition.TRANSITION_CONFIGURE)
    assert manager.change(Transition.TRANSITION_ACTIVATE)
    # yesterday's map is there before the first image
    assert probe.until(lambda: bool(maps) and maps[-1].header.frame_id == "odom")
    assert {item.uuid for item in maps[-1].objects} == before
    assert manager.change(Transition.TRANSITION_ACTIVE_SHUTDOWN)
    assert manager.state() == State.PRIMARY_STATE_FINALIZED
    assert not (tmp_path / "room.map-wal").exists()  # closed in order
    assert process.poll() is None
    assert "Traceback" not in nodes.log("live_node").read_text()


def test_what_cannot_be_configured_says_why_and_is_configured_once_that_is_mended(
    nodes: NodeProcesses, probe: Probe, tmp_path: Path
) -> None:
    wrong = tmp_path / "a folder.map"
    wrong.mkdir()
    nodes.start("association_node", {"autostart": False, "map_file": str(wrong)})
    manager = Manager(probe, "association_node")
    assert not manager.change(Transition.TRANSITION_CONFIGURE)
    assert manager.state() == State.PRIMARY_STATE_UNCONFIGURED
    assert f"cannot be configured: cannot write {wrong}: " in nodes.log("association_node").read_text()
    assert manager.put(map_file=str(tmp_path / "good.map")).successful
    assert manager.change(Transition.TRANSITION_CONFIGURE)
    assert manager.state() == State.PRIMARY_STATE_INACTIVE


def test_thresholds_change_while_it_runs_and_wrong_ones_are_refused_with_a_reason(
    nodes: NodeProcesses, probe: Probe
) -> None:
    nodes.start("association_node")
    manager = Manager(probe, "association_node")
    assert probe.until(lambda: manager.state() == State.PRIMARY_STATE_ACTIVE)
    assert manager.put(association__thresholds__match=0.8).successful
    for values, reason in (
        ({"association__thresholds__match": 1.5}, "match"),
        ({"association__gate_radius_m": -1.0}, "association.gate_radius_m: expected more than 0, got -1.0"),
        (
            {"association__max_prototypes": 8},
            "association.max_prototypes: is taken when the node is configured",
        ),
        ({"association__max_deferred": "many"}, "association.max_deferred: expected an integer, got 'many'"),
    ):
        answer = manager.put(**values)
        assert not answer.successful
        assert reason in answer.reason
