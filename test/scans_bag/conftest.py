"""A small scan in memory, and a recorder of bags as other robots make them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from scipy.spatial.transform import Rotation

from reobj.types import Frame, Intrinsics, LabelImage

CAMERA = Intrinsics(50.0, 52.0, 31.5, 23.5, 64, 48)
STEP_NS = 33_333_333


class FakeScan:
    """Everything a bag can hold; what is to be left out is."""

    def __init__(
        self,
        frames: int = 4,
        *,
        depth: bool = True,
        truth: bool = True,
        lost: tuple[int, ...] = (),
        jpeg: bool = False,
    ) -> None:
        self.name = "fake"
        self._frames = frames
        self._depth = depth
        self._truth = truth
        self._lost = lost
        self._jpeg = jpeg

    def __len__(self) -> int:
        return self._frames

    def __iter__(self) -> Iterator[tuple[Frame, LabelImage | None]]:
        return ((self.frame(i), self.truth(i)) for i in range(len(self)))

    def frame(self, index: int) -> Frame:
        rng = np.random.default_rng(index)
        blocks = rng.integers(0, 256, (6, 8, 3), np.uint8)
        colour = cv2.resize(blocks, (64, 48), interpolation=cv2.INTER_CUBIC)
        millimetres = rng.integers(0, 8000, (48, 64))
        millimetres[:5] = 0
        pose = np.eye(4)
        pose[:3, :3] = Rotation.from_rotvec([0.1 * index, -0.2, 0.3]).as_matrix()
        pose[:3, 3] = [0.5 * index, 1.0, -2.0]
        return Frame(
            colour=colour,
            stamp_ns=index * STEP_NS,
            depth=(millimetres / 1000).astype(np.float32) if self._depth else None,
            intrinsics=CAMERA,
            pose=None if index in self._lost else pose,
        )

    def truth(self, index: int) -> LabelImage | None:
        if not self._truth:
            return None
        ids = np.zeros((48, 64), np.uint16)
        ids[10:20, index : index + 10] = 300
        ids[30:40, 20:40] = 2
        return LabelImage(ids, self.label_names())

    def label_image_raw(self, index: int) -> NDArray[np.uint16] | None:
        truth = self.truth(index)
        return None if truth is None else (truth.ids * np.uint16(2)).astype(np.uint16)

    def colour_jpeg(self, index: int) -> bytes | None:
        if not self._jpeg:
            return None
        bgr = cv2.cvtColor(self.frame(index).colour, cv2.COLOR_RGB2BGR)
        return cv2.imencode(".jpg", bgr, (cv2.IMWRITE_JPEG_QUALITY, 61))[1].tobytes()

    def label_names(self) -> dict[int, str]:
        return {2: "cup", 300: "chair"} if self._truth else {}


class Recorder:
    """Records messages as any robot might: written with the library alone, none of our code."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._types = get_typestore(Stores.ROS2_HUMBLE)
        self._messages: list[tuple[str, str, int, Any]] = []

    def make(self, msgtype: str, *fields: Any) -> Any:
        package, name = msgtype.split("/")
        return self._types.types[f"{package}/msg/{name}"](*fields)

    def header(self, stamp_ns: int, frame_id: str = "cam") -> Any:
        time = self.make("builtin_interfaces/Time", stamp_ns // 10**9, stamp_ns % 10**9)
        return self.make("std_msgs/Header", time, frame_id)

    def add(self, topic: str, recorded_ns: int, message: Any) -> None:
        self._messages.append((topic, message.__msgtype__, recorded_ns, message))

    def image(
        self,
        topic: str,
        stamp_ns: int,
        pixels: NDArray[Any],
        encoding: str,
        *,
        recorded_ns: int | None = None,
        **changed: Any,
    ) -> None:
        fields = {
            "header": self.header(stamp_ns),
            "height": pixels.shape[0],
            "width": pixels.shape[1],
            "encoding": encoding,
            "is_bigendian": 0,
            "step": pixels.nbytes // max(pixels.shape[0], 1),
            "data": np.frombuffer(pixels.tobytes(), np.uint8),
        }
        message = self._types.types["sensor_msgs/msg/Image"](**(fields | changed))
        self.add(topic, stamp_ns if recorded_ns is None else recorded_ns, message)

    def pose(self, position: list[float], quaternion: list[float]) -> Any:
        point = self.make("geometry_msgs/Point", *position)
        return self.make("geometry_msgs/Pose", point, self.make("geometry_msgs/Quaternion", *quaternion))

    def transform(
        self,
        topic: str,
        stamp_ns: int,
        parent: str,
        child: str,
        position: list[float],
        quaternion: list[float],
    ) -> None:
        transform = self.make(
            "geometry_msgs/Transform",
            self.make("geometry_msgs/Vector3", *position),
            self.make("geometry_msgs/Quaternion", *quaternion),
        )
        stamped = self.make("geometry_msgs/TransformStamped", self.header(stamp_ns, parent), child, transform)
        self.add(topic, stamp_ns, self.make("tf2_msgs/TFMessage", [stamped]))

    def save(self, storage: StoragePlugin = StoragePlugin.MCAP) -> Path:
        with Writer(self.path, version=8, storage_plugin=storage) as writer:
            connections: dict[str, Any] = {}
            for topic, msgtype, recorded_ns, message in self._messages:
                if topic not in connections:
                    connections[topic] = writer.add_connection(topic, msgtype, typestore=self._types)
                writer.write(connections[topic], recorded_ns, self._types.serialize_cdr(message, msgtype))
        return self.path


@pytest.fixture(scope="session")
def make_scan() -> type[FakeScan]:
    return FakeScan


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder(tmp_path / "robot")
