"""Scan folders: from our own writer, and packed by hand in the form of a download."""

from __future__ import annotations

import io
import json
import logging
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reobj.errors import InputError, ScanError
from reobj.scans.base import FrameSource
from reobj.scans.scannet import ScanNetScan
from reobj.scans.sens_format import SensHeader, matrix_of
from reobj.scans.sens_writer import write_sens
from reobj.scans.writer import ScanNetWriter
from reobj.types import Intrinsics

Images = tuple[np.ndarray, np.ndarray, np.ndarray]
NAME = "scene0007_01"


def png(image: np.ndarray) -> bytes:
    data = io.BytesIO()
    Image.fromarray(image).save(data, "PNG")
    return data.getvalue()


def write_zip(path: Path, folder: str, frames: dict[int, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for frame, data in frames.items():
            file.writestr(f"{folder}/{frame}.png", data)


# --- a whole folder


def test_frames_are_what_was_written(small_scan: Path, camera: Intrinsics, images: Images) -> None:
    colour, depth, _ = images
    with ScanNetScan(small_scan) as scan:
        frame = scan.frame(3)
    assert np.abs(frame.colour.astype(int) - colour).max() <= 12  # JPEG
    np.testing.assert_allclose(frame.depth, depth / 1000, rtol=1e-6)
    assert frame.intrinsics == camera
    assert (frame.stamp_ns, frame.frame_id) == (121_000_000, "camera_optical_frame")
    np.testing.assert_array_equal(frame.pose[:3, 3], [3, 0, 0])


def test_iteration_gives_every_frame_with_its_truth(small_scan: Path, images: Images) -> None:
    scan: FrameSource = ScanNetScan(small_scan)
    pairs = list(scan)
    assert (scan.name, len(scan)) == (NAME, 5)
    assert [frame.stamp_ns for frame, _ in pairs] == [1_000_000 + 40_000_000 * i for i in range(5)]
    for _, truth in pairs:
        np.testing.assert_array_equal(truth.ids, images[2])
        assert truth.labels == {1: "chair", 2: "office chair"}


def test_frame_that_lost_its_pose_comes_without_one(small_scan: Path) -> None:
    assert [frame.pose is None for frame, _ in ScanNetScan(small_scan)] == [False, False, True, False, False]


def test_label_images_hold_the_raw_ids_of_the_label_map(small_scan: Path, images: Images) -> None:
    scan = ScanNetScan(small_scan)
    assert scan.label_map == {1: "chair", 2: "office chair"}
    np.testing.assert_array_equal(scan.label_image_raw(0), images[2])
    np.testing.assert_array_equal(scan.axis_alignment, np.eye(4))
    assert scan.meta["numColorFrames"] == "5"


def test_stored_jpeg_is_given_where_the_grid_is_the_same(small_scan: Path, images: Images) -> None:
    scan = ScanNetScan(small_scan)
    decoded = np.asarray(Image.open(io.BytesIO(scan.colour_jpeg(0))), int)
    assert np.abs(decoded - scan.frame(0).colour).max() <= 3


@pytest.mark.parametrize("index", [-1, 5])
def test_frame_that_is_not_there_is_an_input_error(small_scan: Path, index: int) -> None:
    scan = ScanNetScan(small_scan)
    for access in (scan.frame, scan.truth, scan.stamp_ns, scan.label_image_raw, scan.colour_jpeg):
        with pytest.raises(InputError, match="from 0 to 4"):
            access(index)


def test_pose_that_is_not_rigid_names_its_frame(
    sens_file: Callable[..., Path], frame_bytes: Callable[..., bytes]
) -> None:
    path = sens_file(frames=[frame_bytes(pose=np.eye(4) * 2)])
    with pytest.raises(ScanError, match=r"frame 0 of scene0001_00.*rotation"):
        ScanNetScan(path, resolution="colour").frame(0)


# --- only parts of a folder


def test_sens_alone_has_frames_and_no_truth(small_scan: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone" / "other.sens"
    alone.parent.mkdir()
    (small_scan / f"{NAME}.sens").rename(alone)
    for path in (alone, alone.parent):
        scan = ScanNetScan(path)
        assert (scan.name, len(scan), scan.has_truth) == ("other", 5, False)
        assert (scan.label_names(), dict(scan.meta), dict(scan.label_map)) == ({}, {}, {})
        assert scan.label_image_raw(0) is None
        assert [truth for _, truth in scan] == [None] * 5


def test_path_of_the_sens_finds_what_lies_beside_it(small_scan: Path) -> None:
    assert ScanNetScan(small_scan / f"{NAME}.sens").truth(0) is not None


@pytest.mark.parametrize(
    ("make", "said"),
    [("nothing", "no such file|folder or a .sens"), ("empty", "got none"), ("two", "a.sens, b.sens")],
)
def test_path_without_one_scan_is_an_error(tmp_path: Path, make: str, said: str) -> None:
    path = tmp_path / "scan"
    if make != "nothing":
        path.mkdir()
    if make == "two":
        (path / "a.sens").touch()
        (path / "b.sens").touch()
    with pytest.raises(ScanError, match=said):
        ScanNetScan(path)


def test_filtered_images_are_preferred_and_others_taken(small_scan: Path, images: Images) -> None:
    other = np.where(images[2] == 1, 9, 0).astype(np.uint8)
    write_zip(small_scan / f"{NAME}_2d-instance.zip", "instance", {i: png(other) for i in range(5)})
    assert set(np.unique(ScanNetScan(small_scan).truth(0).ids)) == {0, 1, 2}
    (small_scan / f"{NAME}_2d-instance-filt.zip").unlink()
    assert set(np.unique(ScanNetScan(small_scan).truth(0).ids)) == {0, 9}


def test_instance_without_a_label_is_an_object(small_scan: Path) -> None:
    path = small_scan / f"{NAME}.aggregation.json"
    path.write_text(json.dumps({"segGroups": [{"objectId": 0, "label": "chair"}]}))
    assert ScanNetScan(small_scan).truth(0).labels == {1: "chair", 2: "object"}


def test_without_aggregation_the_labels_are_what_most_pixels_say(small_scan: Path, images: Images) -> None:
    (small_scan / f"{NAME}.aggregation.json").unlink()
    labels = (images[2] == 1).astype(np.uint16)
    labels[8:20, 4:24] = 2  # "office chair" on 240 of the 640 pixels of instance 1, else "chair"
    labels[8:30, 40:60] = 77  # an id that the label map does not have, on instance 2
    write_zip(small_scan / f"{NAME}_2d-label-filt.zip", "label-filt", {i: png(labels) for i in range(5)})
    scan = ScanNetScan(small_scan)
    assert scan.label_names() == {1: "chair"}
    assert scan.truth(0).labels == {1: "chair", 2: "object"}


def test_label_map_may_be_given(small_scan: Path, tmp_path: Path) -> None:
    table = tmp_path / "mine.tsv"
    table.write_text("id\traw_category\n1\tstool\n")
    assert ScanNetScan(small_scan, label_map=table).label_map == {1: "stool"}
    with pytest.raises(ScanError, match=r"none\.tsv"):
        _ = ScanNetScan(small_scan, label_map=tmp_path / "none.tsv").label_map


# --- zips


def test_frames_missing_in_the_zip_have_no_truth_and_one_warning(
    small_scan: Path, images: Images, caplog: pytest.LogCaptureFixture
) -> None:
    write_zip(small_scan / f"{NAME}_2d-instance-filt.zip", "instance-filt", {1: png(images[2]), 9: b""})
    with caplog.at_level(logging.WARNING):
        found = [truth is not None for _, truth in ScanNetScan(small_scan)]
    assert found == [False, True, False, False, False]
    assert [record.getMessage() for record in caplog.records] == [
        f"{NAME}: 4 of 5 frames have no instance image"
    ]


def test_whole_zip_gives_no_warning(small_scan: Path, caplog: pytest.LogCaptureFixture) -> None:
    list(ScanNetScan(small_scan))
    assert not caplog.records


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"no image", "PNG image of 64x48"),
        (png(np.zeros((48, 64), np.uint8))[:-30], "whole PNG"),
        (png(np.zeros((24, 64), np.uint8)), r"64x48, got \(64, 24\)"),
        (png(np.zeros((48, 64, 3), np.uint8)), "one channel"),
    ],
)
def test_damaged_image_in_a_zip_is_named(small_scan: Path, data: bytes, said: str) -> None:
    write_zip(small_scan / f"{NAME}_2d-instance-filt.zip", "instance-filt", {3: data})
    with pytest.raises(ScanError, match=rf"instance-filt/3\.png in {NAME}_2d-instance-filt\.zip.*{said}"):
        ScanNetScan(small_scan).truth(3)


def test_changed_byte_in_a_zip_is_found_by_its_checksum(small_scan: Path) -> None:
    path = small_scan / f"{NAME}_2d-instance-filt.zip"
    content = bytearray(path.read_bytes())
    content[content.index(b"IDAT") + 8] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(ScanError, match=r"instance-filt/0\.png.*damaged"):
        ScanNetScan(small_scan).truth(0)


def test_truncated_zip_is_named_when_the_scan_is_opened(small_scan: Path) -> None:
    path = small_scan / f"{NAME}_2d-label-filt.zip"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ScanError, match=r"2d-label-filt\.zip"):
        ScanNetScan(small_scan)


def test_error_in_the_truth_comes_when_iteration_gets_there(small_scan: Path, images: Images) -> None:
    frames = {i: png(images[2]) for i in range(5)} | {2: b"damage"}
    write_zip(small_scan / f"{NAME}_2d-instance-filt.zip", "instance-filt", frames)
    pairs = iter(ScanNetScan(small_scan))
    assert [next(pairs)[0].stamp_ns, next(pairs)[0].stamp_ns] == [1_000_000, 41_000_000]
    with pytest.raises(ScanError, match=r"2\.png"):
        next(pairs)


# --- colour larger than depth


@pytest.fixture
def two_sizes(tmp_path: Path) -> Path:
    """Colour 130x97, depth 64x48, as ScanNet's at a tenth of the size; all images ramps along x."""
    colour, depth = Intrinsics(117.0, 117.1, 64.8, 48.4, 130, 97), Intrinsics(57.2, 57.4, 31.5, 23.5, 64, 48)
    ramp = np.tile(np.arange(130, dtype=np.uint8), (97, 1))
    rgb = np.repeat(ramp[..., None], 3, axis=2)
    ids = np.where(ramp >= 65, 2, 1).astype(np.uint8)
    folder = tmp_path / NAME
    with ScanNetWriter(folder, colour, depth, {1: "bed", 2: "cup"}, jpeg_quality=100) as scan:
        scan.add(0, rgb, np.tile(np.arange(1, 65, dtype=np.uint16) * 1000, (48, 1)), np.eye(4), ids)
    return folder


def test_by_default_all_is_in_the_depth_cameras_grid(two_sizes: Path) -> None:
    scan = ScanNetScan(two_sizes)
    frame, truth = scan.frame(0), scan.truth(0)
    assert (frame.width, frame.height, frame.intrinsics.fx) == (64, 48, pytest.approx(57.2))
    np.testing.assert_array_equal(frame.depth[0], np.arange(1, 65))
    # Column 40 of depth looks along (40 - 31.5) / 57.2, which colour sees at 64.8 + 117 x 0.1486 = 82.2.
    assert abs(int(frame.colour[20, 40, 0]) - 82.2) < 2
    # The instances meet at colour 64.5, which depth sees at 31.5 + 57.2 x -0.3 / 117 = 31.35.
    assert [truth.ids[20, 31], truth.ids[20, 32]] == [1, 2]
    assert scan.colour_jpeg(0) is None


def test_resolution_colour_brings_depth_into_the_colour_cameras_grid(two_sizes: Path) -> None:
    scan = ScanNetScan(two_sizes, resolution="colour")
    frame, truth = scan.frame(0), scan.truth(0)
    assert (frame.width, frame.height, frame.intrinsics.fx) == (130, 97, pytest.approx(117.0))
    # Column 82 of colour is seen by depth at 31.5 + 57.2 x 17.2 / 117 = 39.9, whose value is one more.
    assert frame.depth[50, 82] == 41
    assert truth.ids[50, 64:66].tolist() == [1, 2]
    assert set(np.unique(frame.depth)) <= set(range(65))


def test_unknown_resolution_is_an_input_error(small_scan: Path) -> None:
    with pytest.raises(InputError, match="'depth' or 'colour'"):
        ScanNetScan(small_scan, resolution="large")  # type: ignore[arg-type]


def test_header_that_is_no_camera_is_a_scan_error(tmp_path: Path, camera: Intrinsics) -> None:
    path = tmp_path / "a.sens"
    with write_sens(path, SensHeader(matrix_of(camera), np.zeros((4, 4), np.float32), (64, 48), (64, 48))):
        pass
    with pytest.raises(ScanError, match=r"a\.sens: intrinsics"):
        ScanNetScan(path)
