"""What the writers leave on disk, read with zipfile, json and Pillow, and what they leave when they fail."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reobj.errors import InputError, StorageError
from reobj.scans.mesh import Mesh
from reobj.scans.sens import SensReader
from reobj.scans.writer import ScanNetWriter
from reobj.types import Intrinsics

Images = tuple[np.ndarray, np.ndarray, np.ndarray]
LargestFile = Callable[[int], AbstractContextManager[None]]
NAME = "scene0007_01"


# --- the folder


def test_folder_has_scannets_files(small_scan: Path) -> None:
    assert sorted(path.name for path in small_scan.iterdir()) == [
        "scannetv2-labels.combined.tsv",
        f"{NAME}.aggregation.json",
        f"{NAME}.sens",
        f"{NAME}.txt",
        f"{NAME}_2d-instance-filt.zip",
        f"{NAME}_2d-label-filt.zip",
    ]


@pytest.mark.parametrize(("kind", "mode"), [("instance", "L"), ("label", "I;16")])
def test_zips_hold_one_png_per_frame(small_scan: Path, images: Images, kind: str, mode: str) -> None:
    with zipfile.ZipFile(small_scan / f"{NAME}_2d-{kind}-filt.zip") as file:
        assert file.namelist() == [f"{kind}-filt/{i}.png" for i in range(5)]
        image = Image.open(io.BytesIO(file.read(f"{kind}-filt/4.png")))
    assert image.mode == mode
    np.testing.assert_array_equal(np.asarray(image), images[2])


def test_meta_has_scannets_keys(small_scan: Path) -> None:
    entries = dict(line.split(" = ") for line in (small_scan / f"{NAME}.txt").read_text().splitlines())
    assert (entries["colorWidth"], entries["depthHeight"], entries["numDepthFrames"]) == ("64", "48", "5")
    assert [float(entries[key]) for key in ("fx_color", "fy_depth", "mx_color", "my_depth")] == [
        60,
        60,
        31.5,
        23.5,
    ]


def test_same_frames_give_the_same_bytes(tmp_path: Path, camera: Intrinsics, images: Images) -> None:
    contents = []
    for parent in ("a", "b"):
        with ScanNetWriter(tmp_path / parent / NAME, camera, camera, {1: "cup", 2: "cup"}) as scan:
            scan.add(0, *images[:2], np.eye(4), images[2])
        contents.append({path.name: path.read_bytes() for path in (tmp_path / parent / NAME).iterdir()})
    assert contents[0] == contents[1]


def test_jpeg_bytes_are_stored_as_they_are(tmp_path: Path, camera: Intrinsics, images: Images) -> None:
    data = io.BytesIO()
    Image.fromarray(images[0]).save(data, "JPEG")
    with ScanNetWriter(tmp_path / NAME, camera, camera, {1: "cup", 2: "cup"}) as scan:
        scan.add(0, data.getvalue(), images[1], None, images[2])
    assert SensReader(tmp_path / NAME / f"{NAME}.sens")[0].colour == data.getvalue()


def test_label_image_may_name_surfaces_that_are_no_objects(
    tmp_path: Path, camera: Intrinsics, images: Images
) -> None:
    numbers = {"cup": 40, "wall": 1}
    labels = np.where(images[2] > 0, 40, 1).astype(np.uint16)
    with ScanNetWriter(tmp_path / NAME, camera, camera, {1: "cup", 2: "cup"}, label_ids=numbers) as scan:
        scan.add(0, *images[:2], None, images[2], labels)
    with zipfile.ZipFile(tmp_path / NAME / f"{NAME}_2d-label-filt.zip") as file:
        stored = np.asarray(Image.open(io.BytesIO(file.read("label-filt/0.png"))))
    np.testing.assert_array_equal(stored, labels)


def test_mesh_is_written_with_one_segment_per_instance(tmp_path: Path, camera: Intrinsics) -> None:
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0.5], [2, 2, 2]], np.float32)
    mesh = Mesh(vertices, np.array([[0, 1, 2], [1, 3, 2]]), np.array([0, 5, 5, 7], np.uint16))
    with ScanNetWriter(tmp_path / NAME, camera, camera, {5: "cup", 7: "bed"}, mesh=mesh):
        pass
    folder = tmp_path / NAME
    segments = json.loads((folder / f"{NAME}_vh_clean_2.0.010000.segs.json").read_text())["segIndices"]
    groups = json.loads((folder / f"{NAME}.aggregation.json").read_text())["segGroups"]
    owner = {segment: group["objectId"] + 1 for group in groups for segment in group["segments"]}
    assert [owner.get(segment, 0) for segment in segments] == [0, 5, 5, 7]
    header, body = (folder / f"{NAME}_vh_clean_2.ply").read_bytes().split(b"end_header\n", 1)
    assert b"element vertex 4\n" in header
    assert b"element face 2\n" in header
    assert len(body) == 4 * 16 + 2 * 13
    read = [struct.unpack_from("<3f", body, 16 * i) for i in range(4)]
    np.testing.assert_array_equal(read, vertices)
    assert struct.unpack_from("<B3i", body, 64 + 13) == (3, 1, 3, 2)


# --- refusals and failures


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"stamp_us": 1000}, "stamp: expected later than 1000"),
        ({"colour": b"GIF89a"}, "JPEG of 64x48"),
        ({"colour": np.zeros((48, 65, 3), np.uint8)}, "colour image"),
        ({"depth_mm": np.zeros((48, 64), np.float32)}, "depth image"),
        ({"depth_mm": np.zeros((0, 0), np.uint16)}, "depth image"),
        ({"instance_ids": np.zeros((24, 32), np.uint8)}, "instance image"),
        ({"instance_ids": np.full((48, 64), 3, np.uint8)}, r"instance ids of the image.*got \[3\]"),
        ({"instance_ids": np.full((48, 64), 256, np.uint16)}, r"got \[256\]"),
        ({"label_ids": np.zeros((48, 63), np.uint16)}, "label image"),
        ({"label_ids": np.zeros((48, 64), np.uint8)}, "label image"),
        ({"pose": np.full((4, 4), np.nan)}, "pose"),
        ({"pose": np.eye(4) * 3}, "rotation"),
    ],
)
def test_refused_frame_leaves_the_scan_usable(
    tmp_path: Path, camera: Intrinsics, images: Images, change: dict, said: str
) -> None:
    colour, depth, ids = images
    good = {"stamp_us": 2000, "colour": colour, "depth_mm": depth, "pose": np.eye(4), "instance_ids": ids}
    with ScanNetWriter(tmp_path / NAME, camera, camera, {1: "cup", 2: "cup"}) as scan:
        scan.add(**good | {"stamp_us": 1000})
        with pytest.raises(InputError, match=said):
            scan.add(**good | change)
        scan.add(**good)
    with SensReader(tmp_path / NAME / f"{NAME}.sens") as sens:
        assert [sens.stamp_ns(index) for index in range(len(sens))] == [1_000_000, 2_000_000]
        assert sens.complete_frames() == 2
    with zipfile.ZipFile(tmp_path / NAME / f"{NAME}_2d-instance-filt.zip") as file:
        assert len(file.namelist()) == 2


@pytest.mark.parametrize(
    ("objects", "options", "said"),
    [
        ({0: "cup"}, {}, "1 to 255"),
        ({256: "cup"}, {}, "1 to 255"),
        ({1: "cup"}, {"label_ids": {"bed": 1}}, "all of"),
        ({1: "cup"}, {"label_ids": {"cup": 0}}, "1 to 65535"),
        ({1: "cup"}, {"label_ids": {"cup": 3, "bed": 3}}, "different numbers"),
        ({1: "a\tb"}, {}, "tabs"),
        ({1: "cup"}, {"jpeg_quality": 0}, "quality"),
        (
            {1: "cup"},
            {"mesh": Mesh(np.zeros((1, 3)), np.zeros((0, 3), int), np.array([2], np.uint8))},
            "mesh",
        ),
    ],
)
def test_impossible_objects_are_refused(
    tmp_path: Path, camera: Intrinsics, objects: dict, options: dict, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        ScanNetWriter(tmp_path / NAME, camera, camera, objects, **options)


def test_folder_without_a_name_is_refused(camera: Intrinsics) -> None:
    with pytest.raises(InputError, match="name"):
        ScanNetWriter(Path("/"), camera, camera, {})


def write_frames(folder: Path, camera: Intrinsics, images: Images, stop: type[BaseException] | None) -> None:
    with ScanNetWriter(folder, camera, camera, {1: "cup", 2: "cup"}) as scan:
        for index in range(100):
            scan.add(index, *images[:2], None, images[2])
        if stop is not None:
            raise stop


def test_failed_block_leaves_nothing_new(small_scan: Path, camera: Intrinsics, images: Images) -> None:
    before = {path.name: path.read_bytes() for path in small_scan.iterdir()}
    with pytest.raises(KeyboardInterrupt):
        write_frames(small_scan, camera, images, KeyboardInterrupt)
    assert {path.name: path.read_bytes() for path in small_scan.iterdir()} == before
    assert [path.name for path in small_scan.parent.iterdir()] == [NAME]


def test_full_disk_leaves_no_folder(
    tmp_path: Path, camera: Intrinsics, images: Images, largest_file: LargestFile
) -> None:
    with pytest.raises(StorageError, match=f"cannot write .*{NAME}"), largest_file(20_000):
        write_frames(tmp_path / NAME, camera, images, None)
    assert list(tmp_path.iterdir()) == []


def test_no_frame_is_a_scan_of_length_zero(tmp_path: Path, camera: Intrinsics) -> None:
    with ScanNetWriter(tmp_path / NAME, camera, camera, {}):
        pass
    assert len(SensReader(tmp_path / NAME / f"{NAME}.sens")) == 0
