"""A robot as many are: odometry with stamps of its own, depth from a camera beside the colour camera."""

from __future__ import annotations

import numpy as np
import pytest
from nav_msgs.msg import Odometry
from processes import LABEL_IMAGE, Probe
from sensor_msgs.msg import CameraInfo, Image

from reobj.live_run import NodeProcesses
from reobj_msgs.msg import ObjectMap, TrackedObjects
from reobj_ros.messages.conversions import image_message
from reobj_ros.messages.stamps import SECOND_NS, header
from reobj_ros.node.publishers import LATCHED

pytestmark = [pytest.mark.ros, pytest.mark.timeout(600)]

COLOUR, DEPTH = "colour_optical_frame", "depth_optical_frame"
#: of the camera in base_link: half a metre ahead, looking along its x axis
AHEAD = [0.5, 0.0, 0.2, -0.5, 0.5, -0.5, 0.5]
PARAMETERS = {
    "pose_source": "odometry",
    "camera_in_pose_frame": AHEAD,
    "depth_to_colour": [0.05, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0],
    "sync_wait": 2.0,
}
FOCAL = 72.0


def info(stamp_ns: int, frame: str, width: int, height: int) -> CameraInfo:
    made = CameraInfo(header=header(stamp_ns, frame), width=width, height=height)
    focal = FOCAL * width / 80
    made.k = [focal, 0.0, (width - 1) / 2, 0.0, focal, (height - 1) / 2, 0.0, 0.0, 1.0]
    return made


class Robot:
    """Stands at x = 3 m and looks along x of the map at a wall 2 m before its camera, with two things."""

    def __init__(self, probe: Probe) -> None:
        topics = {
            "/image": Image,
            "/ground_truth/instances": Image,
            "/depth": Image,
            "/camera_info": CameraInfo,
            "/depth_camera_info": CameraInfo,
            "/odom": Odometry,
        }
        self._to = {topic: probe.node.create_publisher(kind, topic, 10) for topic, kind in topics.items()}
        pixels = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
        ids = np.zeros((60, 80), np.uint16)
        ids[10:30, 15:35], ids[25:45, 45:65] = 1, 2
        self._pixels, self._ids = pixels, ids

    def is_heard(self) -> bool:
        return all(publisher.get_subscription_count() for publisher in self._to.values())

    def show(self, stamp_ns: int) -> None:
        """One moment. The odometry is of 10 ms before and after the image, 10 cm apart."""
        for offset_ns, x in ((-10_000_000, 2.95), (10_000_000, 3.05)):
            odometry = Odometry(header=header(stamp_ns + offset_ns, "map"), child_frame_id="base_link")
            odometry.pose.pose.position.x = x
            self._to["/odom"].publish(odometry)
        depth = np.full((30, 40), 2000, np.uint16)
        self._to["/camera_info"].publish(info(stamp_ns, COLOUR, 80, 60))
        self._to["/depth_camera_info"].publish(info(stamp_ns, DEPTH, 40, 30))
        self._to["/depth"].publish(image_message(depth, "16UC1", header(stamp_ns, DEPTH)))
        colour = header(stamp_ns, COLOUR)
        self._to["/ground_truth/instances"].publish(image_message(self._ids, "16UC1", colour))
        self._to["/image"].publish(image_message(self._pixels, "rgb8", colour))


def test_places_are_right_with_odometry_and_unregistered_depth(nodes: NodeProcesses, probe: Probe) -> None:
    robot = Robot(probe)
    objects = probe.hear(TrackedObjects, "/objects")
    maps = probe.hear(ObjectMap, "/object_map", LATCHED)
    nodes.start("live_node", LABEL_IMAGE | PARAMETERS)
    assert probe.until(robot.is_heard)
    for index in range(200):
        heard = len(objects)
        robot.show((index + 1) * SECOND_NS // 10)
        probe.until(lambda heard=heard: len(objects) > heard, 5.0)
        if maps and sum(item.has_position for item in maps[-1].objects) == 2:
            break
    places = sorted([item.position.x, item.position.y, item.position.z] for item in maps[-1].objects)
    # Pixels to metres on the wall; right in the image is -y of the map, down is -z.
    middles = [((24.5, 19.5), (54.5, 34.5))[k] for k in (1, 0)]
    expected = [[5.5, -(u - 39.5) / FOCAL * 2, 0.2 - (v - 29.5) / FOCAL * 2] for u, v in middles]
    places.sort(key=lambda place: place[1])
    np.testing.assert_allclose(places, expected, atol=0.05)
    assert "left out of this frame" not in nodes.log("live_node").read_text()
