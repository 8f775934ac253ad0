"""Zips of images per frame, whole and damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reobj.errors import ScanError
from reobj.scans.frame_zip import FrameZip, FrameZipWriter

PLACE = st.floats(0, 1, exclude_max=True)
UTF8_FLAG = 0x08  # high byte of the general purpose flags (PKZIP application note, 4.4.4)


@pytest.fixture
def small_zip(tmp_path: Path) -> Path:
    path = tmp_path / "a.zip"
    with FrameZipWriter(path, "label-filt") as file:
        for frame in (0, 1, 10):
            file.add(frame, np.full((12, 16), 1000 + frame, np.uint16))
    return path


def test_images_are_found_by_their_number(small_zip: Path) -> None:
    with FrameZip(small_zip, (16, 12)) as images:
        assert [images.read(frame)[0, 0] for frame in (10, 0, 1)] == [1010, 1000, 1001]
        assert images.read(2) is None
        assert (images.count_below(11), images.count_below(10)) == (3, 2)


def test_entry_that_claims_gigabytes_is_refused(small_zip: Path) -> None:
    content = bytearray(small_zip.read_bytes())
    entry = content.index(b"PK\x01\x02")  # of the central directory; its uncompressed size is at byte 24
    content[entry + 24 : entry + 28] = (2**31).to_bytes(4, "little")
    small_zip.write_bytes(content)
    with (
        FrameZip(small_zip, (16, 12)) as images,
        pytest.raises(ScanError, match=r"label-filt/0\.png.*at most"),
    ):
        images.read(0)


def test_name_that_is_no_text_is_a_scan_error(small_zip: Path) -> None:
    content = bytearray(small_zip.read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + 9] |= UTF8_FLAG
    content[entry + 46] = 0xFF
    small_zip.write_bytes(content)
    with pytest.raises(ScanError, match=r"a\.zip"):
        FrameZip(small_zip, (16, 12))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    changes=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4
    )
)
def test_changed_bytes_never_raise_anything_but_scan_error(
    small_zip: Path, tmp_path: Path, changes: list[tuple[float, int]]
) -> None:
    content = bytearray(small_zip.read_bytes())
    for place, value in changes:
        content[int(place * len(content))] = value
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(content)
    try:
        with FrameZip(damaged, (16, 12)) as images:
            found = [images.read(frame) for frame in (0, 1, 10)]
    except ScanError:
        return
    assert all(image is None or image.shape == (12, 16) for image in found)
