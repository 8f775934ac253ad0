"""The correction of poses as an input: what was seen moves with the key frames when SLAM closes a loop."""

from __future__ import annotations

import traceback
from collections.abc import Mapping

import numpy as np
from nav_msgs.msg import Path
from numpy.typing import NDArray

from reobj.association.desk.map_desk import MapDesk
from reobj.errors import InputError, ReobjError
from reobj_ros.inputs import Inputs
from reobj_ros.map_outputs import MapOutputs
from reobj_ros.parameters import Parameter
from reobj_ros.path_poses import PathReader, content_of, poses_of
from reobj_ros.stage_node import StageNode
from reobj_ros.transforms import FROM_TF, FixedTransform, static_transforms
from reobj_ros.worker import Worker

Poses = Mapping[int, NDArray[np.float64]]

TOPIC = "corrected_path"

LOOP_CLOSURES = (
    Parameter(
        "corrected_path_frame",
        "",
        "frame that `corrected_path` has the poses of, as base_link; where the camera is in it is looked up "
        "in /tf_static, or is `camera_in_pose_frame` where this is `pose_frame`; empty = the camera's own",
    ),
)


class LoopClosures:
    """Takes the poses of key frames as SLAM knows them now, and moves the map where they changed.

    Works in a thread of its own: a path of thousands of poses takes a part of a second. SLAM repeats the
    whole path; one that says the same as the one before costs a comparison of bytes.

    Args:
        node: that hears the paths; its settings have LOOP_CLOSURES and ``map_frame``.
        desk: whose map is corrected.
        outputs: that publish the map when something moved.
    """

    def __init__(self, node: StageNode, desk: MapDesk, outputs: MapOutputs) -> None:
        self._node, self._desk, self._outputs = node, desk, outputs
        self._map_frame: str = node.settings["map_frame"]
        self._seen_from: str = node.settings["corrected_path_frame"]
        self._camera: FixedTransform | None = None
        self._reader = PathReader()
        self._newest_ns = -1
        self._done = b""
        self._worker = Worker(self._take, self._failed, TOPIC)

    def subscribe(self, inputs: Inputs) -> None:
        """Listens to the paths. Raises ConfigError when ``camera_in_pose_frame`` is no transform."""
        if self._seen_from:
            settings = self._node.settings
            same = self._seen_from == settings["pose_frame"]
            given = settings["camera_in_pose_frame"] if same else FROM_TF
            cure = f"pose_frame: {self._seen_from} and camera_in_pose_frame"
            self._camera = FixedTransform(cure, given, static_transforms(self._node))
        inputs.hear(Path, TOPIC, self._hear)

    def see(self, stamp_ns: int) -> None:
        """Takes note of a frame. After a jump back in time the same path is news again."""
        if stamp_ns < self._newest_ns:
            self._done = b""
        self._newest_ns = stamp_ns

    def stop(self) -> None:
        """Ends the thread; call it before the map is closed."""
        self._worker.stop()

    def _hear(self, data: bytes) -> None:
        if content_of(data) != self._done:
            self._worker.submit(data)

    def _take(self, data: bytes) -> None:
        newest_ns = self._newest_ns
        poses: Poses = poses_of(self._reader.read(data), self._map_frame)
        if not poses:
            return
        if self._camera is not None:
            to_camera = self._camera.lookup(self._seen_from, self._desk.frame_id)
            poses = {stamp: pose @ to_camera for stamp, pose in poses.items()}
        if self._correct(poses) and max(poses) <= newest_ns:  # else frames that it is about are still to come
            self._done = content_of(data)

    def _correct(self, poses: Poses) -> bool:
        """Whether it said anything about this run."""
        objects, lock = self._desk.associator.object_map, self._desk.associator.lock
        with lock:
            ids = objects.object_ids()
            before = objects.places(ids).positions
            try:
                count = self._desk.associator.correct_poses(poses)
            except InputError:  # the poses themselves are checked
                self._node.warn(
                    f"{TOPIC} ignored: expected stamps of frames of this run that had a pose, "
                    f"got {len(poses)} others, {min(poses)} to {max(poses)} ns"
                )
                return False
            steps = np.linalg.norm(objects.places(ids).positions - before, axis=1)
        if count:
            self._outputs.publish_map(self._desk.stamp_ns, (), self._desk.frame_id)
            furthest = np.nanmax(steps, initial=0.0)
            self._node.get_logger().info(f"loop closure: {count} objects moved by up to {furthest:.3g} m")
        return True

    def _failed(self, error: Exception) -> None:
        if isinstance(error, ReobjError):
            self._node.warn(f"{TOPIC} refused: {error}")
        else:
            detail = "".join(traceback.format_exception(error))
            self._node.warn(f"{TOPIC} refused, please report this as a bug: {detail}")
