"""What the ``.sens`` writer leaves on disk, against the published layout, and when it fails."""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reobj.errors import InputError, StorageError
from reobj.scans.sens import SensReader
from reobj.scans.sens_format import ColourCompression, DepthCompression, SensHeader, matrix_of
from reobj.scans.sens_writer import write_sens
from reobj.types import Intrinsics

Images = tuple[np.ndarray, np.ndarray, np.ndarray]
LargestFile = Callable[[int], AbstractContextManager[None]]
NAME = "scene0007_01"


def header_for(camera: Intrinsics, **fields: object) -> SensHeader:
    size = (camera.width, camera.height)
    return SensHeader(matrix_of(camera), matrix_of(camera), size, size, **fields)  # type: ignore[arg-type]


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


def test_version_3_ends_with_its_last_frame(tmp_path: Path, camera: Intrinsics, images: Images) -> None:
    sizes = []
    for version in (3, 4):
        path = tmp_path / f"{version}.sens"
        with write_sens(path, header_for(camera, version=version)) as sens:
            sens.add(None, *images[:2], 0)
        sizes.append(path.stat().st_size)
    assert sizes[1] - sizes[0] == 8  # the number of IMU frames


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


def test_full_disk_leaves_the_old_sens(
    tmp_path: Path, camera: Intrinsics, images: Images, largest_file: LargestFile
) -> None:
    path = tmp_path / "a.sens"
    path.write_bytes(b"old")
    header = header_for(camera, colour_compression=ColourCompression.RAW)
    refused = pytest.raises(StorageError, match=r"cannot write .*a\.sens: File too large")
    with refused, largest_file(4000), write_sens(path, header) as sens:
        sens.add(None, images[0], images[1], 0)
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("a.sens", b"old")]
