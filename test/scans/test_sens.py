"""Reading ``.sens`` files, against bytes packed by hand and images decoded by Pillow."""

from __future__ import annotations

import io
import itertools
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from reobj.errors import ScanError
from reobj.scans.sens import SensReader
from reobj.scans.sens_format import ColourCompression, DepthCompression

SensFile = Callable[..., Path]
HEAD = 4 + 8 + 15 + 4 * 64 + 2 * 4 + 4 * 4 + 4 + 8  # bytes of the hand-packed header
FRAME = 96 + 36 + 8
MEGABYTE = 2**20


# --- the header


def test_header_fields_are_those_of_the_file(sens_file: SensFile) -> None:
    matrices = np.arange(64, dtype=np.float32).reshape(4, 4, 4) + 1
    header = SensReader(sens_file(matrices=matrices, depth_shift=5000.0, name=b"abc")).header
    assert (header.version, header.sensor_name, header.frames, header.depth_shift) == (4, "abc", 0, 5000.0)
    assert (header.colour_size, header.depth_size) == ((4, 3), (2, 2))
    assert header.colour_compression is ColourCompression.RAW
    assert header.depth_compression is DepthCompression.RAW
    order = (header.colour_intrinsic, header.colour_extrinsic, header.depth_intrinsic, header.depth_extrinsic)
    np.testing.assert_array_equal(order, matrices)


def test_camera_takes_the_matrix_row_by_row(sens_file: SensFile) -> None:
    matrix = np.array([[570, 0, 320, 0], [0, 571, 240, 0], [0, 0, 1, 0], [0, 0, 0, 1]], np.float32)
    camera = SensReader(sens_file(matrices=np.tile(matrix, (4, 1, 1)))).header.colour_camera
    assert (camera.fx, camera.fy, camera.cx, camera.cy) == (570, 571, 320, 240)


def test_missing_file_is_a_scan_error(tmp_path: Path) -> None:
    with pytest.raises(ScanError, match="No such file"):
        SensReader(tmp_path / "none.sens")


# --- frames


def test_record_is_what_was_stored(sens_file: SensFile, frame_bytes: Callable[..., bytes]) -> None:
    pose = np.arange(16.0).reshape(4, 4)
    path = sens_file(frames=[frame_bytes(), frame_bytes(b"colour", b"depth", pose, stamp_us=2**40)])
    record = SensReader(path)[1]
    np.testing.assert_array_equal(record.pose, pose)
    assert (record.colour_time_us, record.depth_time_us) == (2**40, 2**40 + 7)
    assert (record.colour, record.depth) == (b"colour", b"depth")


def test_lost_pose_is_none_and_its_frame_stays(
    sens_file: SensFile, frame_bytes: Callable[..., bytes]
) -> None:
    with SensReader(sens_file(frames=[frame_bytes(), frame_bytes(pose=np.eye(4))])) as sens:
        assert len(sens) == 2
        assert sens[0].pose is None
        assert sens[1].pose is not None


def test_raw_images_decode_to_rgb_and_metres(sens_file: SensFile, three_frames: list[bytes]) -> None:
    images = SensReader(sens_file(frames=three_frames)).decode(0)
    np.testing.assert_array_equal(images.colour.ravel(), np.arange(36))
    assert images.colour.shape == (3, 4, 3)
    np.testing.assert_allclose(images.depth, [[0, 0.5], [1.0, 65.535]], rtol=1e-6)
    assert images.depth.dtype == np.float32


@pytest.mark.parametrize(("kind", "code", "tolerance"), [("PNG", 1, 0), ("JPEG", 2, 3)])
def test_compressed_colour_is_what_pillow_reads(
    sens_file: SensFile,
    frame_bytes: Callable[..., bytes],
    image_blob: Callable[..., bytes],
    kind: str,
    code: int,
    tolerance: int,
) -> None:
    blob = image_blob(kind)
    path = sens_file(compressions=(code, 0), sizes=(32, 24, 2, 2), frames=[frame_bytes(colour=blob)])
    expected = np.asarray(Image.open(io.BytesIO(blob)).convert("RGB"), int)
    assert np.abs(SensReader(path).decode(0).colour - expected).max() <= tolerance


def test_zlib_depth_is_divided_by_the_shift(sens_file: SensFile, frame_bytes: Callable[..., bytes]) -> None:
    depth = zlib.compress(struct.pack("<4H", 0, 250, 5000, 10000))
    path = sens_file(compressions=(0, 1), depth_shift=5000.0, frames=[frame_bytes(depth=depth)])
    np.testing.assert_allclose(SensReader(path).decode(0).depth, [[0, 0.05], [1, 2]], rtol=1e-6)


def test_version_3_has_no_tail_and_version_4_may_have_one(
    sens_file: SensFile, three_frames: list[bytes]
) -> None:
    expected = three_frames[2][96:132]
    for version, tail in ((3, b""), (4, bytes(8)), (4, struct.pack("<Q", 2) + bytes(256))):
        sens = SensReader(sens_file(version=version, tail=tail, frames=three_frames))
        assert [len(sens), sens.complete_frames()] == [3, 3]
        assert sens[2].colour == expected


def test_any_order_of_access_gives_the_same_frames(
    sens_file: SensFile, frame_bytes: Callable[..., bytes]
) -> None:
    # Blobs of different lengths, so that an offset that is wrong by one frame shows.
    frames = [frame_bytes(bytes([i]) * (i + 1), bytes([i]) * (2 * i)) for i in range(6)]
    sens = SensReader(sens_file(frames=frames))
    for index in (5, 0, 3, 3, 1):
        assert (sens[index].colour, sens[index].depth) == (
            bytes([index]) * (index + 1),
            bytes([index]) * (2 * index),
        )
    assert sens[-1].colour == sens[5].colour


@pytest.mark.parametrize("index", [3, -4])
def test_frame_beyond_the_end_is_an_index_error(
    sens_file: SensFile, three_frames: list[bytes], index: int
) -> None:
    with pytest.raises(IndexError, match="below 3"):
        SensReader(sens_file(frames=three_frames))[index]


# --- stamps


def stamps(sens_file: SensFile, frame_bytes: Callable[..., bytes], values: list[int]) -> list[int]:
    sens = SensReader(sens_file(frames=[frame_bytes(stamp_us=value) for value in values]))
    return [sens.stamp_ns(index) for index in range(len(values))]


def test_stamps_are_the_colour_times(sens_file: SensFile, frame_bytes: Callable[..., bytes]) -> None:
    assert stamps(sens_file, frame_bytes, [5, 6, 100]) == [5_000, 6_000, 100_000]


def test_stamps_that_are_all_zero_run_at_30_hz(
    sens_file: SensFile, frame_bytes: Callable[..., bytes]
) -> None:
    np.testing.assert_allclose(stamps(sens_file, frame_bytes, [0] * 4), np.arange(4) * 1e9 / 30, atol=4)


def test_stamp_that_goes_back_follows_its_predecessor(
    sens_file: SensFile, frame_bytes: Callable[..., bytes]
) -> None:
    found = stamps(sens_file, frame_bytes, [1_000_000, 0, 1_000_000, 2_000_000])
    assert found == [1_000_000_000, 1_033_333_333, 1_066_666_666, 2_000_000_000]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(values=st.lists(st.integers(0, 2**64 - 8), min_size=1, max_size=6))
def test_stamps_strictly_increase_whatever_is_stored(
    sens_file: SensFile, frame_bytes: Callable[..., bytes], values: list[int]
) -> None:
    found = stamps(sens_file, frame_bytes, values)
    assert all(a < b for a, b in itertools.pairwise(found))
    assert 0 <= found[0] <= found[-1] < 2**63


# --- decoding ahead


def test_decoded_frames_come_in_order(sens_file: SensFile, frame_bytes: Callable[..., bytes]) -> None:
    frames = [frame_bytes(colour=bytes([i]) * 36) for i in range(40)]
    sens = SensReader(sens_file(frames=frames))
    assert [(im.index, im.colour[0, 0, 0]) for im in sens.decoded(workers=4)] == [(i, i) for i in range(40)]
    assert [im.index for im in sens.decoded(start=37)] == [37, 38, 39]


def test_memory_does_not_grow_with_length(sens_file: SensFile, frame_bytes: Callable[..., bytes]) -> None:
    frame = frame_bytes(colour=bytes(64 * 48 * 3))

    def peak(count: int) -> int:
        path = sens_file(sizes=(64, 48, 2, 2), frames=[frame] * count)
        tracemalloc.start()
        with SensReader(path) as sens:
            assert sum(1 for _ in sens.decoded(workers=2)) == count
        result = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return result

    # How full the queue was differs from run to run, by some frames of the 360 that the longer file has more.
    assert peak(400) < peak(40) + 64 * 48 * 3 * 90
