"""Bags read as scans: our own, and those of other robots."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from rosbags.rosbag2 import StoragePlugin
from scipy.spatial.transform import Rotation

from reobj.distortion import Distortion
from reobj.errors import BagError, InputError
from reobj.scans.bag_reader import BagScan
from reobj.scans.bag_topics import TopicNames
from reobj.scans.bag_writer import scan_to_bag

MakeScan = Callable[..., Any]
S = 1_000_000_000
HALF = float(np.sqrt(0.5))


def grey(value: int, size: tuple[int, int] = (4, 6)) -> np.ndarray:
    return np.full((*size, 3), value, np.uint8)


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
@pytest.mark.parametrize("raw", [False, True])
def test_our_own_bag_comes_back(tmp_path: Path, make_scan: MakeScan, storage: Any, raw: bool) -> None:
    scan = make_scan(6, lost=(2,))
    scan_to_bag(scan, tmp_path / "walk", storage=storage, raw=raw)
    bag = BagScan(tmp_path / "walk")
    assert (bag.name, len(bag), bag.has_truth, bag.skipped) == ("walk", 6, True, 0)
    assert bag.label_names() == scan.label_names()
    assert bag.intrinsics == scan.frame(0).intrinsics
    read = list(bag)
    assert len(read) == 6
    for (frame, truth), (original, true) in zip(read, scan, strict=True):
        assert frame.stamp_ns == original.stamp_ns + S
        assert frame.frame_id == "camera_optical_frame"
        assert frame.intrinsics == original.intrinsics
        np.testing.assert_array_equal(frame.depth, original.depth)
        np.testing.assert_allclose(frame.colour, original.colour, atol=0 if raw else 40)
        np.testing.assert_array_equal(truth.ids, true.ids)
        assert truth.labels == true.labels
        if original.pose is None:
            assert frame.pose is None
        else:
            np.testing.assert_allclose(frame.pose, original.pose, atol=1e-12)


def test_bag_can_be_read_twice(tmp_path: Path, make_scan: MakeScan) -> None:
    scan_to_bag(make_scan(), tmp_path / "bag")
    bag = BagScan(tmp_path / "bag")
    assert [f.stamp_ns for f, _ in bag] == [f.stamp_ns for f, _ in bag]


def test_pose_from_transforms_equals_the_pose_topic(tmp_path: Path, make_scan: MakeScan) -> None:
    scan = make_scan(4)
    scan_to_bag(scan, tmp_path / "bag")
    for index, (frame, _) in enumerate(BagScan(tmp_path / "bag", topics=TopicNames(pose=None))):
        np.testing.assert_allclose(frame.pose, scan.frame(index).pose, atol=1e-12)


def test_bag_of_colour_alone_gives_colour_alone(tmp_path: Path, make_scan: MakeScan) -> None:
    scan_to_bag(make_scan(2, depth=False, truth=False, lost=(0, 1)), tmp_path / "bag")
    bag = BagScan(tmp_path / "bag")
    assert not bag.has_truth
    assert [(f.depth, f.pose, t) for f, t in bag] == [(None, None, None)] * 2


def test_instance_without_a_name_is_an_object(
    tmp_path: Path, make_scan: MakeScan, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = make_scan(1)
    monkeypatch.setattr(scan, "label_names", lambda: {300: "chair"})
    scan_to_bag(scan, tmp_path / "bag")
    ((_, truth),) = BagScan(tmp_path / "bag")
    assert truth.labels == {300: "chair", 2: "object"}


def test_single_mcap_file_without_metadata_is_read(tmp_path: Path, make_scan: MakeScan) -> None:
    scan_to_bag(make_scan(3), tmp_path / "bag")
    alone = tmp_path / "alone.mcap"
    shutil.copy(tmp_path / "bag" / "bag.mcap", alone)
    assert len(list(BagScan(alone))) == 3


@pytest.mark.parametrize("storage", [StoragePlugin.MCAP, StoragePlugin.SQLITE3])
def test_other_robots_bag_by_its_topic_names(recorder: Any, storage: StoragePlugin) -> None:
    depth = np.arange(24, dtype=np.float32).reshape(4, 6)
    for index in range(3):
        stamp = 50 * S + index * S // 30
        recorder.image("/cam/color", stamp, grey(index)[:, :, ::-1], "bgr8")
        recorder.image("/cam/aligned", stamp + 5_000_000, depth + index, "32FC1")
    names = TopicNames(image="/cam/color", depth="/cam/aligned")
    frames = [frame for frame, _ in BagScan(recorder.save(storage), topics=names)]
    assert [int(frame.colour[0, 0, 0]) for frame in frames] == [0, 1, 2]
    for index, frame in enumerate(frames):
        np.testing.assert_array_equal(frame.depth, depth + index)
        assert (frame.frame_id, frame.intrinsics, frame.pose) == ("cam", None, None)


def test_depth_further_off_than_the_slop_is_left_out(recorder: Any) -> None:
    recorder.image("/image", S, grey(1), "rgb8")
    recorder.image("/depth", S + 15_000_000, np.ones((4, 6), np.uint16), "16UC1")
    path = recorder.save()
    assert [frame.depth is None for frame, _ in BagScan(path)] == [False]
    assert [frame.depth is None for frame, _ in BagScan(path, slop_s=0.01)] == [True]


def test_topic_with_more_messages_wins_over_its_sibling(recorder: Any) -> None:
    recorder.image("/image", S, grey(1), "rgb8")
    jpeg = cv2.imencode(".jpg", grey(99))[1].reshape(-1)
    for index in range(2):
        header = recorder.header(S + index)
        recorder.add(
            "/image/compressed", S, recorder.make("sensor_msgs/CompressedImage", header, "jpeg", jpeg)
        )
    assert [int(frame.colour[0, 0, 0]) for frame, _ in BagScan(recorder.save())] == [99, 99]


def add_camera(recorder: Any, width: int = 12, image: str = "/image", d: tuple[float, ...] = ()) -> None:
    region = recorder.make("sensor_msgs/RegionOfInterest", 0, 0, 0, 0, False)
    k = np.array([10.0, 0, 5.5, 0, 12.0, 3.5, 0, 0, 1])
    p = np.array([9.0, 0, 5.5, 0, 0, 9.0, 3.5, 0, 0, 0, 1, 0])
    fields = (recorder.header(S), 8, width, "plumb_bob", np.array(d), k, np.zeros(9), p, 0, 0, region)
    recorder.add("/camera_info", S + 1, recorder.make("sensor_msgs/CameraInfo", *fields))
    recorder.image(image, S, grey(1), "rgb8")


def test_camera_info_of_another_size_is_scaled(recorder: Any) -> None:
    add_camera(recorder)
    ((frame, _),) = BagScan(recorder.save())
    camera = frame.intrinsics
    assert (camera.fx, camera.fy, camera.cx, camera.cy) == (5.0, 6.0, 2.5, 1.5)
    assert (camera.width, camera.height) == (6, 4)


def test_camera_info_of_another_shape_is_an_error_at_its_frame(recorder: Any) -> None:
    add_camera(recorder, width=16)
    with pytest.raises(
        BagError, match="camera_info: expected the shape of its image of 6x4 pixels, got 16x8"
    ):
        next(iter(BagScan(recorder.save())))


def test_the_lens_of_an_image_is_known(recorder: Any) -> None:
    add_camera(recorder, d=(-0.2, 0.1))
    ((frame, _),) = BagScan(recorder.save())
    assert frame.intrinsics.distortion == Distortion("plumb_bob", (-0.2, 0.1))


def test_a_rectified_image_has_no_lens(recorder: Any) -> None:
    add_camera(recorder, image="/image_rect", d=(-0.2, 0.1))
    ((frame, _),) = BagScan(recorder.save(), topics=TopicNames(image="/image_rect"))
    assert (frame.intrinsics.fx, frame.intrinsics.distortion) == (4.5, None)


def test_odometry_is_carried_over_to_the_camera(recorder: Any) -> None:
    """The body at x = 3 looking along y, the camera 1 m ahead of it."""
    covariance = np.zeros(36)
    posed = recorder.make(
        "geometry_msgs/PoseWithCovariance", recorder.pose([3, 0, 0], [0, 0, HALF, HALF]), covariance
    )
    zero = recorder.make("geometry_msgs/Vector3", 0.0, 0.0, 0.0)
    twist = recorder.make("geometry_msgs/Twist", zero, zero)
    moved = recorder.make("geometry_msgs/TwistWithCovariance", twist, covariance)
    odometry = recorder.make("nav_msgs/Odometry", recorder.header(S, "odom"), "base", posed, moved)
    recorder.add("/odom", S, odometry)
    recorder.image("/image", S, grey(1), "rgb8")
    # Recorded after the image, as by a recorder that was slow to find the topic.
    recorder.transform("/tf_static", 2 * S, "base", "cam", [1, 0, 0], [0, 0, 0, 1])
    ((frame, _),) = BagScan(recorder.save(), topics=TopicNames(pose="/odom"))
    np.testing.assert_allclose(frame.pose[:3, 3], [3, 1, 0], atol=1e-12)
    np.testing.assert_allclose(frame.pose[:3, 0], [0, 1, 0], atol=1e-12)


def test_transforms_that_do_not_lead_to_the_map_are_warned_of_once(
    recorder: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for index in range(3):
        recorder.transform("/tf", S + index, "odom", "cam", [0, 0, 0], [0, 0, 0, 1])
        recorder.image("/image", S + index, grey(1), "rgb8")
    assert [frame.pose for frame, _ in BagScan(recorder.save())] == [None] * 3
    assert caplog.messages == ["frames without pose: the bag has no transforms from 'cam' up to 'map'"]


def test_camera_that_never_moves_has_the_pose_of_its_static_transforms(recorder: Any) -> None:
    recorder.transform("/tf_static", S, "map", "cam", [7, 0, 0], [0, 0, 0, 1])
    recorder.image("/image", S, grey(1), "rgb8")
    ((frame, _),) = BagScan(recorder.save())
    assert frame.pose[:3, 3].tolist() == [7, 0, 0]


def test_transforms_are_interpolated_to_the_time_of_the_image(recorder: Any) -> None:
    recorder.transform("/tf_static", S, "base", "cam", [0, 0, 1], [0, 0, 0, 1])
    recorder.transform("/tf", S, "world", "base", [0, 0, 0], [0, 0, 0, 1])
    recorder.image("/image", S + S // 40, grey(1), "rgb8")
    recorder.transform("/tf", S + S // 10, "world", "base", [4, 0, 0], [0, 0, HALF, HALF])
    ((frame, _),) = BagScan(recorder.save(), map_frame="world")
    np.testing.assert_allclose(frame.pose[:3, 3], [1, 0, 1], atol=1e-9)
    turned = Rotation.from_rotvec([0, 0, np.pi / 8]).as_matrix()
    np.testing.assert_allclose(frame.pose[:3, :3], turned, atol=1e-9)


def test_looped_bag_is_passed_on_with_its_own_stamps(recorder: Any) -> None:
    for step in range(6):
        stamp = S + (step % 3) * S // 30
        recorder.image("/image", stamp, grey(step), "rgb8", recorded_ns=S + step * S // 30)
        pose = recorder.make(
            "geometry_msgs/PoseStamped", recorder.header(stamp), recorder.pose([step, 0, 0], [0, 0, 0, 1])
        )
        recorder.add("/pose", S + step * S // 30 + 1, pose)
    frames = [frame for frame, _ in BagScan(recorder.save())]
    assert [frame.stamp_ns - S for frame in frames] == [0, 33_333_333, 66_666_666] * 2
    assert [int(frame.pose[0, 3]) for frame in frames] == [0, 1, 2, 3, 4, 5]


def damaged(recorder: Any, **changed: Any) -> Path:
    """Three images, the second with some of its fields changed."""
    for index in range(3):
        fields = {"encoding": "rgb8"} | (changed if index == 1 else {})
        recorder.image("/image", S + index, grey(index), **fields)
    return recorder.save()


BROKEN = [
    ({"encoding": "bayer_rggb16"}, r"/image: colour encoding: expected rgb8, .*, got 'bayer_rggb16'"),
    (
        {"width": 0, "height": 0, "step": 0, "data": np.zeros(0, np.uint8)},
        "/image: image size: expected .*, got 0x0",
    ),
    ({"data": np.zeros(71, np.uint8)}, "/image: image data: expected 72 bytes .*, got 71"),
]


@pytest.mark.parametrize(("changed", "wrong"), BROKEN, ids=["encoding", "size", "data"])
def test_frame_that_cannot_be_decoded_is_an_error_at_that_frame(
    recorder: Any, changed: dict[str, Any], wrong: str
) -> None:
    frames = iter(BagScan(damaged(recorder, **changed)))
    next(frames)
    with pytest.raises(BagError, match=wrong):
        next(frames)


@pytest.mark.parametrize(("changed", "wrong"), BROKEN, ids=["encoding", "size", "data"])
def test_frame_that_cannot_be_decoded_is_skipped_counted_and_logged_once(
    recorder: Any, changed: dict[str, Any], wrong: str, caplog: pytest.LogCaptureFixture
) -> None:
    bag = BagScan(damaged(recorder, **changed), on_error="skip")
    with caplog.at_level(logging.WARNING):
        assert [int(frame.colour[0, 0, 0]) for frame, _ in bag] == [0, 2]
    assert (bag.skipped, len(bag), len(caplog.records)) == (1, 3, 1)
    assert caplog.messages[0].startswith("robot: left out a frame: /image: ")


def test_pose_that_is_none_is_an_error_at_its_frame(recorder: Any) -> None:
    for index, quaternion in enumerate(([0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 1])):
        stamp = S + index * S // 30
        pose = recorder.make(
            "geometry_msgs/PoseStamped", recorder.header(stamp), recorder.pose([0, 0, 0], quaternion)
        )
        recorder.add("/pose", stamp, pose)
        recorder.image("/image", stamp, grey(index), "rgb8")
    bag = BagScan(recorder.save(), on_error="skip")
    assert [int(frame.colour[0, 0, 0]) for frame, _ in bag] == [0, 2]


@pytest.mark.parametrize("topic", ["/image", "/depth"])
def test_stamp_before_1970_is_an_error_at_its_frame(recorder: Any, topic: str) -> None:
    for index in range(3):
        stamp = S + index * S // 30
        before = recorder.make("std_msgs/Header", recorder.make("builtin_interfaces/Time", -5, 0), "cam")
        for name, pixels, encoding in (
            ("/depth", np.ones((4, 6), np.uint16), "16UC1"),
            ("/image", grey(index), "rgb8"),
        ):
            changed = {"header": before} if (name, index) == (topic, 1) else {}
            recorder.image(name, stamp, pixels, encoding, **changed)
    path = recorder.save()
    with pytest.raises(BagError, match=f"stamp of {topic}: expected a time since 1970, got -5 s"):
        list(BagScan(path))
    assert [int(frame.colour[0, 0, 0]) for frame, _ in BagScan(path, on_error="skip")] == [0, 2]


def test_depth_of_another_size_names_both_sizes(recorder: Any) -> None:
    recorder.image("/depth", S, np.ones((2, 3), np.uint16), "16UC1")
    recorder.image("/image", S, grey(1), "rgb8")
    with pytest.raises(
        BagError, match="/depth: expected 6x4 pixels, registered to the colour image, got 3x2"
    ):
        list(BagScan(recorder.save()))


def test_missing_colour_lists_what_is_there(recorder: Any) -> None:
    recorder.image("/cam/rgb", S, grey(1), "rgb8")
    with pytest.raises(
        BagError, match=r"expected messages on /image, got only /cam/rgb \(sensor_msgs/msg/Image\)"
    ):
        BagScan(recorder.save())


def test_misspelt_topic_is_an_error_and_not_a_scan_without_depth(recorder: Any) -> None:
    recorder.image("/image", S, grey(1), "rgb8")
    with pytest.raises(BagError, match="expected messages on /dept, got only /image"):
        BagScan(recorder.save(), topics=TopicNames(depth="/dept"))


def test_topic_of_another_type_names_both_types(recorder: Any) -> None:
    recorder.image("/image", S, grey(1), "rgb8")
    recorder.image("/pose", S, grey(1), "rgb8")
    with pytest.raises(
        BagError, match=r"type of /pose: expected geometry_msgs/msg/PoseStamped or .*, got sensor_msgs"
    ):
        BagScan(recorder.save())


@pytest.mark.parametrize("options", [{"slop_s": -0.1}, {"slop_s": float("nan")}, {"on_error": "ignore"}])
def test_impossible_option_is_refused(recorder: Any, options: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"expected .*, got"):
        BagScan(recorder.path, **options)


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
@pytest.mark.parametrize("keep", [0, 7, 100, 5000, 0.5, -5000])
def test_truncated_bag_is_an_error(tmp_path: Path, make_scan: MakeScan, storage: Any, keep: float) -> None:
    scan_to_bag(make_scan(12), tmp_path / "bag", storage=storage, raw=True)
    file = next(entry for entry in (tmp_path / "bag").iterdir() if entry.suffix != ".yaml")
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * keep)] if isinstance(keep, float) else whole[:keep])
    with pytest.raises(BagError, match="damaged, truncated or no bag"):
        list(BagScan(tmp_path / "bag"))


@pytest.mark.parametrize(
    "text", ["", "{", "rosbag2_bagfile_information: 3", "rosbag2_bagfile_information: {version: 99}"]
)
def test_damaged_metadata_is_an_error(tmp_path: Path, make_scan: MakeScan, text: str) -> None:
    scan_to_bag(make_scan(1), tmp_path / "bag")
    (tmp_path / "bag" / "metadata.yaml").write_text(text)
    with pytest.raises(BagError, match="damaged, truncated or no bag"):
        BagScan(tmp_path / "bag")


def test_frames_before_the_damage_are_yielded(tmp_path: Path, make_scan: MakeScan) -> None:
    scan_to_bag(make_scan(200), tmp_path / "bag", raw=True)
    file = tmp_path / "bag" / "bag.mcap"
    data = bytearray(file.read_bytes())
    at = len(data) * 3 // 4
    data[at : at + 20_000] = b"\xff" * 20_000  # more than one image: what follows cannot be found any more
    file.write_bytes(data)
    frames: list[Any] = []
    with pytest.raises(BagError, match="damaged"):
        frames.extend(BagScan(tmp_path / "bag"))
    assert 100 < len(frames) < 200
