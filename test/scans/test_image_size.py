"""Sizes from image headers, against files that Pillow writes."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from reobj.scans.image_size import image_size


def file_bytes(width: int, height: int, kind: str, **options: object) -> bytes:
    data = io.BytesIO()
    Image.fromarray(np.zeros((height, width, 3), np.uint8)).save(data, kind, **options)
    return data.getvalue()


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("JPEG", {"comment": b"x" * 300, "dpi": (72, 72)}),
    ],
)
def test_size_is_that_of_the_image(kind: str, options: dict) -> None:
    assert image_size(file_bytes(37, 21, kind, **options)) == (37, 21)


def test_fill_bytes_before_a_marker_are_skipped() -> None:
    data = file_bytes(37, 21, "JPEG")
    assert image_size(data[:2] + b"\xff\xff" + data[2:]) == (37, 21)


@pytest.mark.parametrize(
    "data", [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"GIF89a" + bytes(20), b"\xff\xd8\x00" + bytes(9)]
)
def test_other_bytes_have_no_size(data: bytes) -> None:
    assert image_size(data) is None


@given(cut=st.integers(0, 600), tail=st.binary(max_size=40))
def test_damaged_jpeg_gives_a_size_or_none(cut: int, tail: bytes) -> None:
    size = image_size(file_bytes(37, 21, "JPEG")[:cut] + tail)
    assert size is None or all(0 <= side < 2**16 for side in size)
