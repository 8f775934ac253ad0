"""SLAM closes a loop after a walk: the path of the key frames is 1 m aside now, and so is the map."""

from __future__ import annotations

from pathlib import Path as FilePath

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Path
from processes import LABEL_IMAGE, Probe, ends_at, play, stamps_of
from rclpy.serialization import deserialize_message

from reobj.live_run import NodeProcesses
from reobj.scans.bag_raw import read_raw
from reobj_msgs.msg import MapObject, ObjectMap, TrackedObjects
from reobj_msgs.srv import FindObjects
from reobj_ros.messages.stamps import header
from reobj_ros.node.publishers import LATCHED

pytestmark = [pytest.mark.ros, pytest.mark.timeout(600)]


def poses_of(bag: FilePath) -> list[PoseStamped]:
    """As they were recorded, whoever heard them."""
    return [deserialize_message(m.cdr, PoseStamped) for m in read_raw(bag) if m.topic == "/pose"]


def places(items: list[MapObject]) -> dict[int, np.ndarray]:
    """Where each living object with a place is."""
    return {
        item.object_id: np.array([item.position.x, item.position.y, item.position.z])
        for item in items
        if item.has_position and item.state != MapObject.RETIRED
    }


def places_now(probe: Probe) -> dict[int, np.ndarray]:
    client = probe.node.create_client(FindObjects, "/find_objects")
    assert probe.until(client.service_is_ready)
    future = client.call_async(FindObjects.Request(limit=100))
    assert probe.until(future.done)
    return places(future.result().objects)


@pytest.mark.parametrize(
    "stages",
    [["live_node"], ["detector_node", "encoder_node", "association_node"]],
    ids=["composed", "separate"],
)
def test_the_map_moves_with_the_path_and_the_ids_stay(
    nodes: NodeProcesses, short_bag: FilePath, probe: Probe, stages: list[str]
) -> None:
    for stage in stages:
        nodes.start(stage, LABEL_IMAGE)
    objects = probe.hear(TrackedObjects, "/objects")
    maps = probe.hear(ObjectMap, "/object_map", LATCHED)
    slam = probe.node.create_publisher(Path, "/corrected_path", 10)
    assert probe.until(lambda: slam.get_subscription_count() == 1)
    play(nodes, short_bag, probe, subscribers=min(len(stages), 2))
    # On a slow machine the replay may have gone on without an answer: the last frame is still under way.
    last_ns = stamps_of(short_bag)[-1]
    assert probe.until(lambda: ends_at(objects, last_ns))
    before = places_now(probe)
    assert len(before) >= 3

    poses = poses_of(short_bag)
    for pose in poses:
        pose.pose.position.y += 1.0
    log = nodes.log(stages[-1])
    slam.publish(Path(header=header(0, "odom"), poses=poses[::4]))
    refusal = "corrected_path refused: frame of the path: expected 'map'"
    assert probe.until(lambda: refusal in log.read_text())
    closure = f"loop closure: {len(before)} objects moved by up to 1"
    slam.publish(Path(header=header(1, "map"), poses=poses[::4]))
    assert probe.until(lambda: closure in log.read_text())
    after = places_now(probe)
    assert set(after) == set(before)
    for object_id, place in before.items():
        # Where a busy machine has lost the pose of a frame, it is known only from those around it.
        np.testing.assert_allclose(after[object_id] - place, [0.0, 1.0, 0.0], atol=0.05)
    some_id, place = next(iter(after.items()))  # who does not ask hears of it, too
    assert probe.until(
        lambda: bool(maps) and np.allclose(places(maps[-1].objects)[some_id], place, atol=1e-3)
    )
    assert "Traceback" not in log.read_text()
