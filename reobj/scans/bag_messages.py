"""Frames <-> the serialised messages of a bag."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from rosbags.serde import SerdeError
from rosbags.typesys.store import Typestore

from reobj.errors import BagError, InputError
from reobj.scans import message_arrays as arrays
from reobj.scans.bag_find import IMAGE_TYPE
from reobj.scans.bag_raw import RawMessage
from reobj.scans.message_cameras import intrinsics_from, is_rectified
from reobj.scans.message_poses import matrix_to_pose
from reobj.types import Intrinsics

Result = TypeVar("Result")

_NS = 1_000_000_000


class MessageMaker:
    """Makes the serialised messages of one moment, all with the same header.

    Args:
        types: message types.
        stamp_ns: nanoseconds >= 0.
        frame_id: of the header.
    """

    def __init__(self, types: Typestore, stamp_ns: int, frame_id: str) -> None:
        self._types = types
        self._stamp_ns = stamp_ns
        self._header = self._headed(frame_id)

    def image(self, pixels: NDArray[Any]) -> memoryview:
        """sensor_msgs/Image: rgb8 from (H, W, 3) uint8, 16UC1 from (H, W) uint16."""
        height, width = pixels.shape[:2]
        little_endian = np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("<"))
        return self._serialised(
            IMAGE_TYPE,
            header=self._header,
            height=height,
            width=width,
            encoding="rgb8" if pixels.ndim == 3 else "16UC1",
            is_bigendian=0,
            step=little_endian.nbytes // height,
            data=little_endian.reshape(-1).view(np.uint8),
        )

    def compressed(self, name: str, data: bytes) -> memoryview:
        """sensor_msgs/CompressedImage with ``name`` as its format."""
        return self._serialised(
            "sensor_msgs/msg/CompressedImage",
            header=self._header,
            format=name,
            data=np.frombuffer(data, np.uint8),
        )

    def camera_info(self, camera: Intrinsics) -> memoryview:
        """sensor_msgs/CameraInfo of a camera, with its lens if it has one."""
        k, lens = camera.matrix, camera.distortion
        return self._serialised(
            "sensor_msgs/msg/CameraInfo",
            header=self._header,
            height=camera.height,
            width=camera.width,
            distortion_model="plumb_bob" if lens is None else lens.model,
            d=np.zeros(5) if lens is None else np.array(lens.coefficients),
            k=k.reshape(-1),
            r=np.eye(3).reshape(-1),
            p=np.hstack([k, np.zeros((3, 1))]).reshape(-1),
            binning_x=0,
            binning_y=0,
            roi=self._make("sensor_msgs/msg/RegionOfInterest", 0, 0, 0, 0, False),
        )

    def pose(self, matrix: NDArray[np.float64]) -> memoryview:
        """geometry_msgs/PoseStamped of a (4, 4) pose in the header's frame."""
        position, quaternion = matrix_to_pose(matrix)
        point = self._make("geometry_msgs/msg/Point", *position.tolist())
        orientation = self._make("geometry_msgs/msg/Quaternion", *quaternion.tolist())
        pose = self._make("geometry_msgs/msg/Pose", point, orientation)
        return self._serialised("geometry_msgs/msg/PoseStamped", header=self._header, pose=pose)

    def transform(self, child: str, matrix: NDArray[np.float64]) -> memoryview:
        """tf2_msgs/TFMessage with one transform: the (4, 4) pose of ``child`` in the header's frame."""
        position, quaternion = matrix_to_pose(matrix)
        translation = self._make("geometry_msgs/msg/Vector3", *position.tolist())
        rotation = self._make("geometry_msgs/msg/Quaternion", *quaternion.tolist())
        transform = self._make("geometry_msgs/msg/Transform", translation, rotation)
        stamped = self._make("geometry_msgs/msg/TransformStamped", self._header, child, transform)
        return self._serialised("tf2_msgs/msg/TFMessage", transforms=[stamped])

    def label_names(self, names: dict[int, str]) -> memoryview:
        """std_msgs/String with JSON: instance id to label."""
        text = json.dumps({str(number): names[number] for number in sorted(names)}, ensure_ascii=False)
        return self._serialised("std_msgs/msg/String", data=text)

    def _headed(self, frame_id: str) -> object:
        time = self._make("builtin_interfaces/msg/Time", self._stamp_ns // _NS, self._stamp_ns % _NS)
        return self._make("std_msgs/msg/Header", time, frame_id)

    def _make(self, msgtype: str, *fields: Any) -> Any:
        return self._types.types[msgtype](*fields)

    def _serialised(self, msgtype: str, **fields: Any) -> memoryview:
        return self._types.serialize_cdr(self._types.types[msgtype](**fields), msgtype)


def deserialised(types: Typestore, message: RawMessage) -> Any:
    """The message object. Raises BagError, which names the topic, when the bytes are not of its type."""
    try:
        return types.deserialize_cdr(memoryview(message.cdr), message.msgtype)
    except (SerdeError, KeyError, AssertionError) as error:
        raise BagError(f"{message.topic}: damaged {message.msgtype}: {error}") from error


def colour_of(types: Typestore, message: RawMessage) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB. Raises BagError, which names the topic, what was expected and what came."""
    raw = message.msgtype == IMAGE_TYPE
    return _converted(types, message, arrays.image_to_array if raw else arrays.compressed_to_rgb)


def depth_of(types: Typestore, message: RawMessage) -> NDArray[np.float32]:
    """(H, W) float32 metres. Raises BagError, which names the topic, what was expected and what came."""
    raw = message.msgtype == IMAGE_TYPE
    return _converted(types, message, arrays.depth_to_metres if raw else arrays.compressed_depth_to_metres)


def labels_of(types: Typestore, message: RawMessage) -> NDArray[np.uint16]:
    """(H, W) uint16. Raises BagError, which names the topic, what was expected and what came."""
    return _converted(types, message, arrays.label_image_from)


def intrinsics_of(types: Typestore, message: RawMessage, image_topic: str) -> Intrinsics | None:
    """The camera of a CameraInfo; None for an uncalibrated one (its K is all zeros).

    Args:
        types: message types.
        message: the CameraInfo.
        image_topic: of its images; the name tells whether they are rectified.

    Raises:
        BagError: it cannot be read, or its lens is of an unknown model.
    """
    info = deserialised(types, message)
    try:
        return intrinsics_from(info, is_rectified(image_topic)) if info.k[0] or info.k[4] else None
    except InputError as error:
        raise BagError(f"{message.topic}: {error}") from error


def label_names_of(types: Typestore, message: RawMessage) -> dict[int, str]:
    """Label of each instance id. Raises BagError when the text is not the JSON that a scan's bag has."""
    text = deserialised(types, message).data
    try:
        return {int(number): str(name) for number, name in json.loads(text).items()}
    except (ValueError, AttributeError) as error:
        raise BagError(
            f"{message.topic}: expected JSON of instance ids to labels, got {text[:80]!r}"
        ) from error


def _converted(types: Typestore, message: RawMessage, convert: Callable[[Any], Result]) -> Result:
    try:
        return convert(deserialised(types, message))
    except InputError as error:
        raise BagError(f"{message.topic}: {error}") from error
