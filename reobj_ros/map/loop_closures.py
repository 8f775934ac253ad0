"""The correction of poses as an input: what was seen moves with the key frames when SLAM closes a loop."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from nav_msgs.msg import Path
from numpy.typing import NDArray

from reobj.association.desk.map_desk import MapDesk
from reobj.errors import InputError, ReobjError
from reobj_ros.input.cameras import prefix_of
from reobj_ros.input.inputs import Inputs
from reobj_ros.input.path_poses import PathReader, content_of, poses_of
from reobj_ros.input.transforms import FROM_TF, FixedTransform, static_transforms
from reobj_ros.map.map_outputs import MapOutputs
from reobj_ros.node.parameters import Parameter
from reobj_ros.node.worker import Worker
from reobj_ros.stages.stage_node import StageNode

Poses = Mapping[int, NDArray[np.float64]]

TOPIC = "corrected_path"

_STILL_M = 1e-6
"""What moved by less has not moved."""

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

    A path is of one camera; with ``corrected_path_frame`` it is of that frame, and so of all cameras.

    Args:
        node: that hears the paths; its settings have LOOP_CLOSURES and ``map_frame``.
        desk: whose map is corrected.
        outputs: that publish the map when something moved.
        cameras: names of those that look at the map.
    """

    def __init__(
        self, node: StageNode, desk: MapDesk, outputs: MapOutputs, cameras: Sequence[str] = ("",)
    ) -> None:
        self._node, self._desk, self._outputs = node, desk, outputs
        self._map_frame: str = node.settings["map_frame"]
        self._seen_from: str = node.settings["corrected_path_frame"]
        self._cameras = {f"{prefix_of(camera)}{TOPIC}": [camera] for camera in cameras}  # by topic
        if self._seen_from:
            self._cameras = {TOPIC: list(cameras)}
        self._place: FixedTransform | None = None
        self._reader = PathReader()
        self._newest: dict[str, tuple[int, str]] = {}  # stamp and frame_id of the last frame, by camera
        self._done: dict[str, bytes] = {}
        self._worker = Worker(self._take, self._failed, TOPIC)

    def subscribe(self, inputs: Inputs) -> None:
        """Listens to the paths. Raises ConfigError when ``camera_in_pose_frame`` is no transform."""
        if self._seen_from:
            settings = self._node.settings
            same = self._seen_from == settings["pose_frame"]
            given = settings["camera_in_pose_frame"] if same else FROM_TF
            cure = f"pose_frame: {self._seen_from} and camera_in_pose_frame"
            self._place = FixedTransform(cure, given, static_transforms(self._node))
        for topic in self._cameras:
            inputs.hear(Path, topic, partial(self._hear, topic))

    def see(self, stamp_ns: int, frame_id: str, camera: str = "") -> None:
        """Takes note of a frame. After a jump back in time the same path is news again."""
        if stamp_ns < self._newest.get(camera, (-1, ""))[0]:
            self._done.clear()
        self._newest[camera] = stamp_ns, frame_id

    def stop(self) -> None:
        """Ends the thread; call it before the map is closed."""
        self._worker.stop()

    def _hear(self, topic: str, data: bytes) -> None:
        if content_of(data) != self._done.get(topic):
            self._worker.submit((topic, data), topic)

    def _take(self, item: tuple[str, bytes]) -> None:
        topic, data = item
        every = self._cameras[topic]
        cameras = [camera for camera in every if camera in self._newest] or every[:1]
        newest_ns = min(self._newest.get(camera, (-1, ""))[0] for camera in cameras)
        path: Poses = poses_of(self._reader.read(data), self._map_frame)
        if not path:
            return
        found = {camera: self._seen_by(camera, path) for camera in cameras}
        if self._correct(topic, found) and max(path) <= newest_ns:  # else frames of it are still to come
            self._done[topic] = content_of(data)

    def _correct(self, topic: str, found: Mapping[str, Poses]) -> bool:
        """Whether it said anything about this run."""
        associator, refused = self._desk.associator, 0
        with associator.lock:
            ids = associator.object_map.object_ids()
            before = associator.object_map.places(ids).positions
            for camera, poses in found.items():
                try:
                    associator.camera(camera).correct_poses(poses)
                except InputError:  # the poses themselves are checked
                    refused += 1
            steps = np.linalg.norm(associator.object_map.places(ids).positions - before, axis=1)
        if refused == len(found):
            poses = next(iter(found.values()))
            self._node.warn(
                f"{topic} ignored: expected stamps of frames of this run that had a pose, "
                f"got {len(poses)} others, {min(poses)} to {max(poses)} ns"
            )
            return False
        if count := np.count_nonzero(steps > _STILL_M):
            self._outputs.publish_map(self._desk.stamp_ns, (), self._desk.frame_id)
            furthest = np.nanmax(steps, initial=0.0)
            self._node.get_logger().info(f"loop closure: {count} objects moved by up to {furthest:.3g} m")
        return True

    def _seen_by(self, camera: str, path: Poses) -> Poses:
        """The poses of a camera. Raises ConfigError while it is not known where that is."""
        if self._place is None:
            return path
        to_camera = self._place.lookup(self._seen_from, self._newest.get(camera, (-1, ""))[1])
        return {stamp: pose @ to_camera for stamp, pose in path.items()}

    def _failed(self, error: Exception) -> None:
        if isinstance(error, ReobjError):
            self._node.warn(f"{TOPIC} refused: {error}")
        else:
            detail = "".join(traceback.format_exception(error))
            self._node.warn(f"{TOPIC} refused, please report this as a bug: {detail}")
