"""Corrected paths over DDS in one process: what moves the map, and what is only answered with a line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped, TransformStamped
from nav_msgs.msg import Path
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.publisher import Publisher

from reobj.association.associator import MapAssociator
from reobj.association.desk.map_desk import MapDesk
from reobj.types import Embeddings, Frame, FrameResult, Instances, Intrinsics, ModelId
from reobj_ros.input import transforms
from reobj_ros.input.frames import GEOMETRY
from reobj_ros.input.inputs import INPUT_PARAMETERS, Inputs
from reobj_ros.map.loop_closures import LOOP_CLOSURES, LoopClosures
from reobj_ros.map.map_outputs import MapOutputs
from reobj_ros.messages.stamps import header
from reobj_ros.node.parameters import declare
from reobj_ros.node.publishers import LATCHED

MODEL = ModelId("test", "ab", 8)
SIZE = (60, 80)
FIRST_NS, STEP_NS, FRAMES = 1_000_000_000, 100_000_000, 8

MakeNode = Callable[..., Node]
Spin = Callable[..., bool]


@dataclass
class Logged:
    """What a node logs."""

    lines: list[str]

    def info(self, line: str) -> None:
        self.lines.append(line)

    warning = info


class Robot:
    """A node that hears paths, the map of a walk past three things, and a SLAM beside it."""

    def __init__(
        self,
        node: Node,
        slam: Node,
        spin: Spin,
        monkeypatch: pytest.MonkeyPatch,
        cameras: Sequence[str],
    ) -> None:
        self.node, self._slam, self._spin = node, slam, spin
        self.lines: list[str] = []
        self._paths: dict[str, Publisher] = {}
        monkeypatch.setattr(node, "get_logger", lambda: Logged(self.lines))
        settings = declare(node, [*INPUT_PARAMETERS, *GEOMETRY, *LOOP_CLOSURES])
        monkeypatch.setattr(node, "settings", settings | {"reliability": "reliable"}, raising=False)
        monkeypatch.setattr(node, "warn", self.lines.append, raising=False)
        self.desk = MapDesk(MapAssociator())
        self.loops = LoopClosures(node, self.desk, MapOutputs(node, self.desk.associator, "map"), cameras)
        self.loops.subscribe(Inputs(node, "image", {}, pytest.fail, node.settings))
        self.corrections = 0
        camera = self.desk.associator.camera(cameras[0])
        correct = camera.correct_poses

        def counted(poses: dict[int, NDArray[np.float64]]) -> int:
            self.corrections += 1
            return correct(poses)

        monkeypatch.setattr(camera, "correct_poses", counted)

    def walk(self, start_ns: int = FIRST_NS, camera: str = "") -> None:
        """Stands before three things."""
        boxes = np.array([[x, 10, x + 20, 40] for x in (0, 30, 55)], np.float32)
        masks = np.zeros(SIZE, np.uint16)
        for k, (x0, y0, x1, y1) in enumerate(boxes.astype(int)):
            masks[y0:y1, x0:x1] = k + 1
        instances = Instances(boxes, masks, ("chair", "chair", "cup"), np.ones(3, np.float32))
        embeddings = Embeddings(np.eye(8, dtype=np.float32)[:3], MODEL)
        depth, lens = np.full(SIZE, 2.0, np.float32), Intrinsics(60.0, 60.0, 40.0, 30.0, 80, 60)
        colour = np.full((*SIZE, 3), 90, np.uint8)
        for k in range(FRAMES):
            frame = Frame(colour, start_ns + STEP_NS * k, "camera", depth, lens, np.eye(4))
            found = self.desk.associator.camera(camera).update(frame, instances, embeddings)
            self.loops.see(frame.stamp_ns, frame.frame_id, camera)
            result = FrameResult(frame.stamp_ns, "camera", instances, embeddings, found.objects, found.events)
            self.desk.see(result, None, camera)

    def places(self) -> NDArray[np.float64]:
        return np.array([item.position for item in self.desk.associator.objects()])

    def send(
        self,
        x: float,
        start_ns: int = FIRST_NS,
        frame: str = "map",
        stamp_ns: int = 0,
        topic: str = "corrected_path",
    ) -> None:
        """The path of the walk, moved along x."""
        path = Path(header=header(stamp_ns, frame))
        for k in range(0, FRAMES, 2):
            path.poses.append(PoseStamped(header=header(start_ns + STEP_NS * k, frame)))
            path.poses[-1].pose.position.x = x
        if topic not in self._paths:
            self._paths[topic] = self._slam.create_publisher(Path, topic, 10)
        assert self.until(lambda: self._paths[topic].get_subscription_count() == 1)
        self._paths[topic].publish(path)

    def until(self, condition: Callable[[], bool]) -> bool:
        return self._spin(condition, self.node, self._slam)

    def says(self, text: str) -> bool:
        return self.until(lambda: any(text in line for line in self.lines))


MakeRobot = Callable[..., Robot]


@pytest.fixture
def make_robot(make_node: MakeNode, spin: Spin, monkeypatch: pytest.MonkeyPatch) -> MakeRobot:
    made: list[Robot] = []

    def make(*ros_args: str, cameras: Sequence[str] = ("",)) -> Robot:
        made.append(Robot(make_node(*ros_args), make_node(), spin, monkeypatch, cameras))
        return made[-1]

    yield make
    for robot in made:
        robot.loops.stop()


def test_a_path_that_moved_moves_the_objects_and_says_how_far(make_robot: MakeRobot) -> None:
    robot = make_robot()
    robot.walk()
    before = robot.places()
    robot.send(0.5)
    assert robot.says("loop closure: 3 objects moved by up to 0.5 m")
    np.testing.assert_allclose(robot.places() - before, [[0.5, 0, 0]] * 3, atol=1e-9)


def test_the_same_path_again_is_left_alone_whatever_its_own_stamp_and_another_one_is_not(
    make_robot: MakeRobot,
) -> None:
    robot = make_robot()
    robot.walk()
    robot.send(0.5)
    assert robot.says("0.5 m")
    robot.send(0.5, stamp_ns=77)
    robot.send(0.2)
    assert robot.says("3 objects moved by up to 0.3 m")
    assert robot.corrections == 2


def test_a_path_ahead_of_the_frames_is_taken_again_once_they_came(make_robot: MakeRobot) -> None:
    robot = make_robot()
    robot.walk(FIRST_NS - 4 * STEP_NS)
    robot.send(0.5)
    assert robot.says("0.5 m")
    robot.walk(FIRST_NS + 4 * STEP_NS)
    before = robot.corrections
    robot.send(0.5)
    assert robot.until(lambda: robot.corrections > before)


def test_after_a_jump_back_in_time_the_same_path_counts_again(make_robot: MakeRobot) -> None:
    robot = make_robot()
    robot.walk()
    robot.send(0.5)
    assert robot.says("0.5 m")
    robot.walk()
    robot.send(0.5)
    assert robot.until(lambda: robot.corrections == 2)


def test_a_path_of_one_camera_moves_what_that_one_saw(make_robot: MakeRobot) -> None:
    """Both cameras saw the three things from one place, so that each path moves them half of the way."""
    robot = make_robot(cameras=("front", "left"))
    robot.walk(camera="front"), robot.walk(camera="left")
    before = robot.places()
    robot.send(0.5, topic="front/corrected_path")
    assert robot.says("3 objects moved by up to 0.2")
    robot.send(0.5, topic="left/corrected_path")
    assert robot.until(lambda: np.allclose(robot.places() - before, [[0.5, 0, 0]] * 3, atol=1e-3))


@pytest.mark.parametrize(
    ("sent", "line"),
    [
        ({"frame": "odom"}, "corrected_path refused: frame of the path: expected 'map', the map's"),
        ({"x": float("nan")}, "corrected_path refused: pose 1 of 4: expected a finite position"),
        ({"start_ns": 10**15}, "corrected_path ignored: expected stamps of frames of this run"),
    ],
)
def test_what_is_of_no_use_is_one_line_and_nothing_moves(
    make_robot: MakeRobot, sent: dict[str, object], line: str
) -> None:
    robot = make_robot()
    robot.walk()
    before = robot.places()
    robot.send(**{"x": 1.0} | sent)
    assert robot.says(line)
    assert len(robot.lines) == 1 and len(robot.lines[0]) < 300
    np.testing.assert_array_equal(robot.places(), before)


def test_without_tf2_another_frame_of_the_poses_needs_to_know_where_the_camera_is(
    make_robot: MakeRobot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transforms, "tf2_ros", None)
    robot = make_robot("-p", "corrected_path_frame:=base_link")
    robot.walk()
    robot.send(1.0)
    assert robot.says("corrected_path refused: no static transform from 'camera' to 'base_link'")
    assert "set pose_frame: base_link and camera_in_pose_frame" in robot.lines[-1]


def test_a_camera_that_is_given_in_the_base_needs_no_tf(make_robot: MakeRobot) -> None:
    """The camera is 2 m in front of the base: a base at -1.5 m has it at 0.5 m."""
    frames = ("-p", "corrected_path_frame:=base_link", "-p", "pose_frame:=base_link")
    robot = make_robot(*frames, "-p", "camera_in_pose_frame:=[2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]")
    robot.walk()
    before = robot.places()
    robot.send(-1.5)
    assert robot.says("3 objects moved by up to 0.5 m")
    np.testing.assert_allclose(robot.places() - before, [[0.5, 0, 0]] * 3, atol=1e-9)


def test_poses_of_the_robots_base_are_brought_to_the_camera(make_robot: MakeRobot) -> None:
    """The camera is 2 m in front of the base: a base at -1.5 m has it at 0.5 m."""
    pytest.importorskip("tf2_ros", reason="tf2_ros comes with a ROS 2 installation; see docs/testing.md")
    robot = make_robot("-p", "corrected_path_frame:=base_link")
    robot.walk()
    robot.send(-2.0)
    assert robot.says("no static transform from 'camera' to 'base_link': publish it on /tf_static")
    mount = TransformStamped(header=header(0, "base_link"), child_frame_id="camera")
    mount.transform.translation.x = 2.0
    broadcaster = robot.node.create_publisher(transforms.TFMessage, "/tf_static", LATCHED)
    broadcaster.publish(transforms.TFMessage(transforms=[mount]))
    before = robot.places()
    known = robot.loops._place._statics
    assert robot.until(lambda: known.lookup("base_link", "camera") is not None)
    robot.send(-1.5)
    assert robot.says("3 objects moved by up to 0.5 m")
    np.testing.assert_allclose(robot.places() - before, [[0.5, 0, 0]] * 3, atol=1e-9)


def test_a_path_of_the_robots_base_is_one_of_all_its_cameras(make_robot: MakeRobot) -> None:
    pytest.importorskip("tf2_ros", reason="tf2_ros comes with a ROS 2 installation; see docs/testing.md")
    robot = make_robot("-p", "corrected_path_frame:=base_link", cameras=("front", "left"))
    mount = TransformStamped(header=header(0, "base_link"), child_frame_id="camera")
    mount.transform.translation.x = 2.0
    broadcaster = robot.node.create_publisher(transforms.TFMessage, "/tf_static", LATCHED)
    broadcaster.publish(transforms.TFMessage(transforms=[mount]))
    known = robot.loops._place._statics
    assert robot.until(lambda: known.lookup("base_link", "camera") is not None)
    robot.walk(camera="front"), robot.walk(camera="left")
    before = robot.places()
    robot.send(-1.5)
    assert robot.says("3 objects moved by up to 0.5")
    np.testing.assert_allclose(robot.places() - before, [[0.5, 0, 0]] * 3, atol=1e-3)
