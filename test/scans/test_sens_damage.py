"""Damaged and hostile ``.sens`` files: whole frames are read, the rest is a ScanError."""

from __future__ import annotations

import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reobj.errors import ScanError
from reobj.scans.sens import SensReader

SensFile = Callable[..., Path]
HEAD = 4 + 8 + 15 + 4 * 64 + 2 * 4 + 4 * 4 + 4 + 8  # bytes of the hand-packed header
FRAME = 96 + 36 + 8
MEGABYTE = 2**20


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"version": 5}, "version 5"),
        ({"compressions": (-1, 0)}, "colour compression.*got -1"),
        ({"compressions": (3, 0)}, "colour compression.*got 3"),
        ({"compressions": (0, -1)}, "depth compression.*got -1"),
        ({"compressions": (0, 2)}, "occi"),
        ({"sizes": (0, 3, 2, 2)}, "image sides"),
        ({"sizes": (4, 3, 2**31, 2)}, "image sides"),
        ({"depth_shift": 0.0}, "depth shift"),
        ({"depth_shift": float("nan")}, "depth shift"),
        ({"count": 2**63}, "frames"),
        ({"name_length": 2**40}, "sensor name"),
        ({"name_length": 2**64 - 1}, "sensor name"),
    ],
)
def test_impossible_header_is_an_error_that_says_why(sens_file: SensFile, fields: dict, said: str) -> None:
    path = sens_file(**fields)
    tracemalloc.start()
    with pytest.raises(ScanError, match=said):
        SensReader(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MEGABYTE


@pytest.mark.parametrize(("cut", "expected"), [(50, 96), (95, 96), (96, FRAME), (FRAME - 1, FRAME)])
def test_truncated_file_names_frame_byte_and_size(
    sens_file: SensFile, three_frames: list[bytes], cut: int, expected: int
) -> None:
    path = sens_file(frames=three_frames, tail=b"")
    start = HEAD + 2 * FRAME
    path.write_bytes(path.read_bytes()[: start + cut])
    with pytest.raises(ScanError, match=rf"frame 2 .*{start + expected} bytes.*file of {start + cut} bytes"):
        SensReader(path)[2]


def test_frames_before_the_damage_are_read(sens_file: SensFile, three_frames: list[bytes]) -> None:
    path = sens_file(frames=three_frames)
    path.write_bytes(path.read_bytes()[: HEAD + 2 * FRAME + 100])
    sens = SensReader(path)
    assert (len(sens), sens.complete_frames()) == (3, 2)
    decoded = sens.decoded()
    assert [next(decoded).index, next(decoded).index] == [0, 1]
    with pytest.raises(ScanError, match="frame 2"):
        next(decoded)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(data=st.data())
def test_cut_anywhere_reads_whole_frames_or_says_so(
    sens_file: SensFile, three_frames: list[bytes], data: st.DataObject
) -> None:
    path = sens_file(frames=three_frames)
    whole = path.read_bytes()
    size = data.draw(st.integers(0, len(whole) - 1))
    path.write_bytes(whole[:size])
    if size < HEAD:
        with pytest.raises(ScanError, match="header"):
            SensReader(path)
        return
    sens = SensReader(path)
    assert sens.complete_frames() == min(3, (size - HEAD) // FRAME)
    assert [sens[i].colour for i in range(sens.complete_frames())] == [
        bytes(range(36))
    ] * sens.complete_frames()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(data=st.data())
def test_changed_bytes_never_raise_anything_but_scan_error(
    sens_file: SensFile,
    frame_bytes: Callable[..., bytes],
    image_blob: Callable[..., bytes],
    data: st.DataObject,
) -> None:
    depth = zlib.compress(struct.pack("<4H", 0, 1, 2, 3))
    frames = [frame_bytes(image_blob("JPEG"), depth)] * 2
    path = sens_file(compressions=(2, 1), sizes=(32, 24, 2, 2), frames=frames)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        sens = SensReader(path)
        shapes = {(sens.decode(i).colour.shape, sens.decode(i).depth.shape) for i in range(min(2, len(sens)))}
    except ScanError:
        return
    (w, h), (dw, dh) = sens.header.colour_size, sens.header.depth_size
    assert shapes <= {((h, w, 3), (dh, dw))}


@pytest.mark.parametrize("field", [80, 88])
def test_blob_of_absurd_length_is_refused_unread(
    sens_file: SensFile, three_frames: list[bytes], field: int
) -> None:
    path = sens_file(frames=three_frames)
    content = bytearray(path.read_bytes())
    content[HEAD + FRAME + field : HEAD + FRAME + field + 8] = struct.pack("<Q", 2**62)
    path.write_bytes(content)
    with pytest.raises(ScanError, match=r"frame 1 .*at most \d+ bytes"):
        SensReader(path)[1]


def test_jpeg_that_ends_early_is_an_error(
    sens_file: SensFile, frame_bytes: Callable[..., bytes], image_blob: Callable[..., bytes]
) -> None:
    # Cut in the last rows: OpenCV 4.8 by itself would give an image that is grey from there on.
    frames = [frame_bytes(image_blob("JPEG", height=120, width=160)[:-100])]
    with pytest.raises(ScanError, match="colour of frame 0"):
        SensReader(sens_file(compressions=(2, 0), sizes=(160, 120, 2, 2), frames=frames)).decode(0)


def test_jpeg_of_another_size_is_an_error(
    sens_file: SensFile, frame_bytes: Callable[..., bytes], image_blob: Callable[..., bytes]
) -> None:
    frames = [frame_bytes(image_blob("JPEG", height=16))]
    with pytest.raises(ScanError, match="32x24, got 32x16"):
        SensReader(sens_file(compressions=(2, 0), sizes=(32, 24, 2, 2), frames=frames)).decode(0)


def test_depth_that_inflates_without_end_takes_no_memory(
    sens_file: SensFile, frame_bytes: Callable[..., bytes]
) -> None:
    bomb = zlib.compress(bytes(100 * MEGABYTE), 9)
    path = sens_file(compressions=(0, 1), frames=[frame_bytes(depth=bomb)])
    tracemalloc.start()
    with pytest.raises(ScanError, match=r"depth of frame 0.*expected 8 bytes"):
        SensReader(path).decode(0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * MEGABYTE


@pytest.mark.parametrize("depth", [b"no zlib", zlib.compress(bytes(8))[:-5], zlib.compress(bytes(6))])
def test_damaged_depth_names_its_frame(
    sens_file: SensFile, frame_bytes: Callable[..., bytes], depth: bytes
) -> None:
    with pytest.raises(ScanError, match="depth of frame 0"):
        SensReader(sens_file(compressions=(0, 1), frames=[frame_bytes(depth=depth)])).decode(0)
