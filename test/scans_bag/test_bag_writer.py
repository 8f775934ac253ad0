"""What a scan becomes in a bag."""

from __future__ import annotations

import json
import resource
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import Writer
from scipy.spatial.transform import Rotation

from reobj.distortion import Distortion
from reobj.errors import InputError, ScanError, StorageError
from reobj.scans.bag_messages import MessageMaker
from reobj.scans.bag_types import standard_types
from reobj.scans.bag_writer import scan_to_bag
from reobj.types import Intrinsics

MakeScan = Callable[..., Any]
STORAGES = ["mcap", "sqlite3"]


def messages(bag: Path) -> dict[str, list[Any]]:
    """(time in the bag, message) by topic, decoded with the definitions inside the bag."""
    found = defaultdict(list)
    with AnyReader([bag]) as reader:
        for connection, stamp_ns, data in reader.messages():
            found[connection.topic].append((stamp_ns, reader.deserialize(data, connection.msgtype)))
    return found


def stamp(header: Any) -> int:
    return header.stamp.sec * 10**9 + header.stamp.nanosec


def matrix(position: Any, rotation: Any) -> np.ndarray:
    result = np.eye(4)
    result[:3, :3] = Rotation.from_quat([rotation.x, rotation.y, rotation.z, rotation.w]).as_matrix()
    result[:3, 3] = [position.x, position.y, position.z]
    return result


@pytest.mark.parametrize("storage", STORAGES)
def test_compressed_bag_has_the_topics_of_the_table(
    tmp_path: Path, make_scan: MakeScan, storage: Any
) -> None:
    scan_to_bag(make_scan(), tmp_path / "bag", storage=storage)
    counts = {topic: len(found) for topic, found in messages(tmp_path / "bag").items()}
    assert counts == {
        "/image/compressed": 4,
        "/depth/compressedDepth": 4,
        "/camera_info": 4,
        "/pose": 4,
        "/tf": 4,
        "/tf_static": 1,
        "/ground_truth/instances/compressed": 4,
        "/ground_truth/labels/compressed": 4,
        "/ground_truth/label_names": 1,
    }


def test_raw_bag_has_raw_images(tmp_path: Path, make_scan: MakeScan) -> None:
    scan = make_scan()
    scan_to_bag(scan, tmp_path / "bag", raw=True)
    found = messages(tmp_path / "bag")
    image, depth = found["/image"][2][1], found["/depth"][2][1]
    assert (image.encoding, image.step, depth.encoding, depth.step) == ("rgb8", 192, "16UC1", 128)
    np.testing.assert_array_equal(image.data.reshape(48, 64, 3), scan.frame(2).colour)
    np.testing.assert_array_equal(
        depth.data.view(np.uint16).reshape(48, 64), np.rint(scan.frame(2).depth * 1000)
    )
    ids = found["/ground_truth/instances"][2][1]
    np.testing.assert_array_equal(ids.data.view(np.uint16).reshape(48, 64), scan.truth(2).ids)
    labels = found["/ground_truth/labels"][2][1]
    np.testing.assert_array_equal(labels.data.view(np.uint16).reshape(48, 64), scan.label_image_raw(2))


def test_every_message_of_a_frame_has_its_stamp(tmp_path: Path, make_scan: MakeScan) -> None:
    scan = make_scan()
    scan_to_bag(scan, tmp_path / "bag", epoch_ns=5_000_000_000)
    expected = [5_000_000_000 + scan.frame(i).stamp_ns for i in range(4)]
    found = messages(tmp_path / "bag")
    for topic in set(found) - {"/tf", "/tf_static", "/ground_truth/label_names"}:
        assert [time for time, _ in found[topic]] == expected
        assert [stamp(message.header) for _, message in found[topic]] == expected
    assert [stamp(message.transforms[0].header) for _, message in found["/tf"]] == expected


def test_images_are_in_the_optical_frame(tmp_path: Path, make_scan: MakeScan) -> None:
    scan_to_bag(make_scan(1), tmp_path / "bag")
    found = messages(tmp_path / "bag")
    headed = ["/image/compressed", "/depth/compressedDepth", "/camera_info"]
    headed += ["/ground_truth/instances/compressed", "/ground_truth/labels/compressed"]
    assert {found[topic][0][1].header.frame_id for topic in headed} == {"camera_optical_frame"}
    assert found["/pose"][0][1].header.frame_id == "map"


def test_stored_jpeg_is_passed_through(tmp_path: Path, make_scan: MakeScan) -> None:
    scan = make_scan(jpeg=True)
    scan_to_bag(scan, tmp_path / "bag")
    _, image = messages(tmp_path / "bag")["/image/compressed"][1]
    assert image.data.tobytes() == scan.colour_jpeg(1)


def test_camera_info_is_the_pinhole(tmp_path: Path, make_scan: MakeScan) -> None:
    scan_to_bag(make_scan(1), tmp_path / "bag")
    _, info = messages(tmp_path / "bag")["/camera_info"][0]
    assert (info.width, info.height, info.distortion_model) == (64, 48, "plumb_bob")
    assert info.k.tolist() == [50.0, 0, 31.5, 0, 52.0, 23.5, 0, 0, 1]
    assert info.p.tolist() == [50.0, 0, 31.5, 0, 0, 52.0, 23.5, 0, 0, 0, 1, 0]
    assert not info.d.any()


def test_camera_info_names_the_lens() -> None:
    types = standard_types()
    camera = Intrinsics(50.0, 52.0, 31.5, 23.5, 64, 48, Distortion("equidistant", (0.1, -0.02)))
    data = MessageMaker(types, 0, "camera").camera_info(camera)
    info = types.deserialize_cdr(data, "sensor_msgs/msg/CameraInfo")
    assert (info.distortion_model, info.d.tolist()) == ("equidistant", [0.1, -0.02, 0.0, 0.0])


def test_transforms_compose_to_the_pose(tmp_path: Path, make_scan: MakeScan) -> None:
    scan = make_scan()
    scan_to_bag(scan, tmp_path / "bag")
    found = messages(tmp_path / "bag")
    static, moving = found["/tf_static"][0][1].transforms[0], found["/tf"][3][1].transforms[0]
    assert (moving.header.frame_id, moving.child_frame_id) == ("map", "camera_link")
    assert (static.header.frame_id, static.child_frame_id) == ("camera_link", "camera_optical_frame")
    steps = [matrix(t.transform.translation, t.transform.rotation) for t in (moving, static)]
    posed = found["/pose"][3][1].pose
    np.testing.assert_allclose(steps[0] @ steps[1], scan.frame(3).pose, atol=1e-12)
    np.testing.assert_allclose(matrix(posed.position, posed.orientation), scan.frame(3).pose, atol=1e-12)


def test_camera_link_looks_along_x_with_z_up(tmp_path: Path, make_scan: MakeScan) -> None:
    scan_to_bag(make_scan(1), tmp_path / "bag")
    static = messages(tmp_path / "bag")["/tf_static"][0][1].transforms[0].transform
    optical_in_body = matrix(static.translation, static.rotation)[:3, :3]
    np.testing.assert_allclose(optical_in_body @ [0, 0, 1], [1, 0, 0], atol=1e-12)  # forward
    np.testing.assert_allclose(optical_in_body @ [0, 1, 0], [0, 0, -1], atol=1e-12)  # down


def test_lost_pose_has_no_message(tmp_path: Path, make_scan: MakeScan) -> None:
    scan_to_bag(make_scan(lost=(1, 2)), tmp_path / "bag")
    counts = Counter({topic: len(found) for topic, found in messages(tmp_path / "bag").items()})
    assert (counts["/pose"], counts["/tf"], counts["/image/compressed"]) == (2, 2, 4)


def test_scan_of_colour_alone_has_no_empty_topics(tmp_path: Path, make_scan: MakeScan) -> None:
    scan_to_bag(make_scan(depth=False, truth=False, lost=(0, 1, 2, 3)), tmp_path / "bag")
    with AnyReader([tmp_path / "bag"]) as reader:
        assert set(reader.topics) == {"/image/compressed", "/camera_info", "/tf_static"}


def test_label_names_are_json(tmp_path: Path, make_scan: MakeScan) -> None:
    scan_to_bag(make_scan(1), tmp_path / "bag")
    _, text = messages(tmp_path / "bag")["/ground_truth/label_names"][0]
    assert json.loads(text.data) == {"2": "cup", "300": "chair"}


def test_labels_stored_in_another_size_get_that_of_the_image(
    tmp_path: Path, make_scan: MakeScan, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = make_scan(1)
    large = np.kron(scan.label_image_raw(0), np.ones((2, 2), np.uint16))
    monkeypatch.setattr(scan, "label_image_raw", lambda index: large)
    scan_to_bag(scan, tmp_path / "bag", raw=True)
    _, labels = messages(tmp_path / "bag")["/ground_truth/labels"][0]
    np.testing.assert_array_equal(labels.data.view(np.uint16).reshape(48, 64), scan.truth(0).ids * 2)


def test_progress_counts_every_frame(tmp_path: Path, make_scan: MakeScan) -> None:
    calls: list[tuple[int, int]] = []
    scan_to_bag(make_scan(3), tmp_path / "bag", progress=lambda done, total: calls.append((done, total)))
    assert calls == [(1, 3), (2, 3), (3, 3)]


def test_old_bag_is_replaced(tmp_path: Path, make_scan: MakeScan) -> None:
    scan_to_bag(make_scan(3), tmp_path / "bag", storage="sqlite3")
    scan_to_bag(make_scan(2), tmp_path / "bag")
    assert sorted(file.name for file in (tmp_path / "bag").iterdir()) == ["bag.mcap", "metadata.yaml"]
    assert len(messages(tmp_path / "bag")["/pose"]) == 2


@pytest.mark.parametrize(
    "options", [{"storage": "sqlite"}, {"epoch_ns": 0}, {"scan_frames": 0}], ids=lambda o: next(iter(o))
)
def test_impossible_option_is_refused_and_nothing_written(
    tmp_path: Path, make_scan: MakeScan, options: dict[str, Any]
) -> None:
    scan = make_scan(options.pop("scan_frames", 1))
    with pytest.raises(InputError, match=r"expected .*, got"):
        scan_to_bag(scan, tmp_path / "bag", **options)
    assert list(tmp_path.iterdir()) == []


def test_damaged_frame_leaves_no_bag(
    tmp_path: Path, make_scan: MakeScan, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = make_scan()
    good = scan.frame

    def frame(index: int) -> Any:
        if index == 2:
            raise ScanError("frame 2: damaged")
        return good(index)

    monkeypatch.setattr(scan, "frame", frame)
    with pytest.raises(ScanError, match="frame 2"):
        scan_to_bag(scan, tmp_path / "bag")
    assert list(tmp_path.iterdir()) == []


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Lets the operating system refuse what goes beyond ``size`` bytes, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("storage", STORAGES)
def test_full_disk_is_a_storage_error_and_leaves_the_old_bag(
    tmp_path: Path, make_scan: MakeScan, storage: Any
) -> None:
    bag = tmp_path / "bag"
    scan_to_bag(make_scan(1), bag, storage=storage)
    before = {file.name: file.read_bytes() for file in bag.iterdir()}
    with largest_file(100_000), pytest.raises(StorageError, match="cannot write"):
        scan_to_bag(make_scan(30), bag, storage=storage, raw=True)
    assert {file.name: file.read_bytes() for file in bag.iterdir()} == before
    assert list(tmp_path.iterdir()) == [bag]


def test_work_ahead_is_bounded(tmp_path: Path, make_scan: MakeScan, monkeypatch: pytest.MonkeyPatch) -> None:
    scan, begun, ahead = make_scan(60), [], []
    good_frame, good_write = scan.frame, Writer.write

    def frame(index: int) -> Any:
        begun.append(index)
        return good_frame(index)

    def write(writer: Writer, connection: Any, timestamp: int, data: Any) -> None:
        if connection.topic == "/image/compressed":
            ahead.append(len(begun) - len(ahead))
        good_write(writer, connection, timestamp, data)

    monkeypatch.setattr(scan, "frame", frame)
    monkeypatch.setattr(Writer, "write", write)
    scan_to_bag(scan, tmp_path / "bag")
    assert len(ahead) == 60
    assert max(ahead) <= 8 * 2 + 1
