"""What the writers leave on disk, read with zipfile, json and Pillow, and what they leave when they fail."""

from __future__ import annotations

import io
import json
import resource
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from reobj.errors import InputError, StorageError
from reobj.scans.mesh import Mesh
from reobj.scans.sens import SensReader
from reobj.scans.sens_format import ColourCompression, DepthCompression, SensHeader, matrix_of
from reobj.scans.sens_writer import write_sens
from reobj.scans.writer import ScanNetWriter
from reobj.types import Intrinsics

Images = tuple[np.ndarray, np.ndarray, np.ndarray]
NAME = "scene0007_01"


def header_for(camera: Intrinsics, **fields: object) -> SensHeader:
    size = (camera.width, camera.height)
    return SensHeader(matrix_of(camera), matrix_of(camera), size, size, **fields)  # type: ignore[arg-type]


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """The system refuses to make a file larger than ``size``, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


# --- .sens


def test_sens_bytes_are_those_of_the_published_layout(tmp_path: Path) -> None:
    camera = Intrinsics(2.0, 3.0, 1.0, 0.5, 3, 1)
    header = header_for(
        camera,
        colour_compression=ColourCompression.RAW,
        depth_compression=DepthCompression.RAW,
        sensor_name="ab",
        depth_shift=500.0,
    )
    colour, depth = np.arange(9, dtype=np.uint8).reshape(1, 3, 3), np.array([[1, 2, 515]], np.uint16)
    with write_sens(tmp_path / "a.sens", header) as sens:
        sens.add(np.eye(4), colour, depth, 10, 11)
    matrix = struct.pack("<16f", 2, 0, 1, 0, 0, 3, 0.5, 0, 0, 0, 1, 0, 0, 0, 0, 1)
    identity = struct.pack("<16f", 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1)
    expected = struct.pack("<IQ2s", 4, 2, b"ab") + matrix + identity + matrix + identity
    expected += struct.pack("<iiIIIIfQ", 0, 0, 3, 1, 3, 1, 500.0, 1)
    expected += identity + struct.pack("<QQQQ", 10, 11, 9, 6) + bytes(range(9)) + b"\x01\0\x02\0\x03\x02"
    expected += struct.pack("<Q", 0)
    assert (tmp_path / "a.sens").read_bytes() == expected


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(
    colour_kind=st.sampled_from([ColourCompression.RAW, ColourCompression.PNG]),
    depth_kind=st.sampled_from([DepthCompression.RAW, DepthCompression.ZLIB]),
    version=st.sampled_from([3, 4]),
    sides=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    stamp_us=st.integers(0, 2**52),
    seed=st.integers(0, 99),
)
def test_lossless_sens_reads_back_as_written(
    tmp_path: Path,
    colour_kind: ColourCompression,
    depth_kind: DepthCompression,
    version: int,
    sides: tuple[int, int],
    stamp_us: int,
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    camera = Intrinsics(5.0, 5.0, 1.0, 1.0, *sides)
    header = header_for(camera, colour_compression=colour_kind, depth_compression=depth_kind, version=version)
    colour = rng.integers(0, 256, (sides[1], sides[0], 3), dtype=np.uint8)
    depth = rng.integers(0, 2**16, sides[::-1], dtype=np.uint16)
    pose = rng.normal(size=(4, 4)).astype(np.float32)
    with write_sens(tmp_path / "a.sens", header) as sens:
        sens.add(pose, colour, depth, stamp_us)
    with SensReader(tmp_path / "a.sens") as read:
        images = read.decode(0)
        assert (read.header.version, len(read)) == (version, 1)
    np.testing.assert_array_equal(images.colour, colour)
    np.testing.assert_allclose(images.depth * 1000, depth, rtol=1e-6)
    np.testing.assert_array_equal(images.pose, pose)
    assert images.stamp_ns == stamp_us * 1000


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"version": 2}, "3 or 4"),
        ({"depth_compression": DepthCompression.OCCI}, "occi"),
        ({"sensor_name": "x" * 5000}, "4096"),
    ],
)
def test_header_that_no_reader_takes_is_refused(
    tmp_path: Path, camera: Intrinsics, fields: dict, said: str
) -> None:
    with pytest.raises(InputError, match=said), write_sens(tmp_path / "a.sens", header_for(camera, **fields)):
        pass
    assert list(tmp_path.iterdir()) == []


def test_full_disk_leaves_the_old_sens(tmp_path: Path, camera: Intrinsics, images: Images) -> None:
    path = tmp_path / "a.sens"
    path.write_bytes(b"old")
    header = header_for(camera, colour_compression=ColourCompression.RAW)
    refused = pytest.raises(StorageError, match=r"cannot write .*a\.sens: File too large")
    with refused, largest_file(4000), write_sens(path, header) as sens:
        sens.add(None, images[0], images[1], 0)
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("a.sens", b"old")]


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


@pytest.mark.parametrize(
    ("vertices", "faces", "instances", "said"),
    [
        (np.zeros((3, 2)), [[0, 1, 2]], np.zeros(3, np.uint16), "vertices"),
        (np.full((3, 3), np.nan), [[0, 1, 2]], np.zeros(3, np.uint16), "vertices"),
        (np.zeros((3, 3)), [[0, 1, 3]], np.zeros(3, np.uint16), "rows 0 to 2"),
        (np.zeros((3, 3)), [[0, 1]], np.zeros(3, np.uint16), "faces"),
        (np.zeros((3, 3)), [[0, 1, 2]], np.zeros(2, np.uint16), "instances"),
        (np.zeros((3, 3)), [[0, 1, 2]], np.zeros(3, np.int64), "uint16"),
    ],
)
def test_mesh_that_does_not_fit_together_is_refused(
    vertices: np.ndarray, faces: list, instances: np.ndarray, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        Mesh(vertices, np.array(faces), instances)


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


def test_full_disk_leaves_no_folder(tmp_path: Path, camera: Intrinsics, images: Images) -> None:
    with pytest.raises(StorageError, match=f"cannot write .*{NAME}"), largest_file(20_000):
        write_frames(tmp_path / NAME, camera, images, None)
    assert list(tmp_path.iterdir()) == []


def test_no_frame_is_a_scan_of_length_zero(tmp_path: Path, camera: Intrinsics) -> None:
    with ScanNetWriter(tmp_path / NAME, camera, camera, {}):
        pass
    assert len(SensReader(tmp_path / NAME / f"{NAME}.sens")) == 0
