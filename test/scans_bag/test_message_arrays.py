"""Image messages <-> arrays, against bytes laid out by hand and OpenCV's own codecs."""

from __future__ import annotations

import struct
from array import array
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from reobj.errors import InputError
from reobj.scans.message_arrays import (
    compressed_depth_to_metres,
    compressed_to_rgb,
    depth_to_metres,
    encode_compressed_depth,
    encode_jpeg,
    encode_png,
    image_to_array,
    label_image_from,
    metres_to_millimetres,
)

sizes = st.tuples(st.integers(1, 9), st.integers(1, 9))
paddings = st.integers(0, 5)


def message(
    pixels: np.ndarray[Any, Any], encoding: str, *, padding: int = 0, big: bool = False
) -> SimpleNamespace:
    """An image message, its rows laid out one by one."""
    ordered = pixels.astype(pixels.dtype.newbyteorder(">" if big else "<"))
    rows = [row.tobytes() + b"\xee" * padding for row in ordered]
    height, width = pixels.shape[:2]
    return SimpleNamespace(
        height=height,
        width=width,
        encoding=encoding,
        is_bigendian=int(big),
        step=len(rows[0]),
        data=array("B", b"".join(rows)),
    )


# Where red, green and blue are in a pixel of each encoding.
CHANNELS = {
    "rgb8": (3, [0, 1, 2]),
    "bgr8": (3, [2, 1, 0]),
    "8UC3": (3, [2, 1, 0]),
    "rgba8": (4, [0, 1, 2]),
    "bgra8": (4, [2, 1, 0]),
    "mono8": (1, [0, 0, 0]),
    "8UC1": (1, [0, 0, 0]),
}


@pytest.mark.parametrize("encoding", CHANNELS)
@settings(max_examples=25, deadline=None)
@given(data=st.data(), size=sizes, padding=paddings)
def test_colour_of_every_encoding_and_padding_becomes_rgb(
    encoding: str, data: st.DataObject, size: tuple[int, int], padding: int
) -> None:
    count, order = CHANNELS[encoding]
    pixels = data.draw(hnp.arrays(np.uint8, (*size, count)))
    np.testing.assert_array_equal(
        image_to_array(message(pixels, encoding, padding=padding)), pixels[:, :, order]
    )


@pytest.mark.parametrize("encoding", ["16UC1", "mono16"])
@settings(max_examples=25, deadline=None)
@given(pixels=hnp.arrays(np.uint16, sizes), padding=paddings, big=st.booleans())
def test_millimetres_of_either_byte_order_become_metres(
    encoding: str, pixels: np.ndarray[Any, Any], padding: int, big: bool
) -> None:
    metres = depth_to_metres(message(pixels, encoding, padding=padding, big=big))
    assert metres.dtype == np.float32
    np.testing.assert_allclose(metres, pixels.astype(np.float64) / 1000, rtol=1e-7)


@settings(max_examples=25, deadline=None)
@given(pixels=hnp.arrays(np.uint16, sizes), padding=paddings, big=st.booleans())
def test_of_grey_with_16_bit_the_high_byte_is_shown(
    pixels: np.ndarray[Any, Any], padding: int, big: bool
) -> None:
    colour = image_to_array(message(pixels, "mono16", padding=padding, big=big))
    np.testing.assert_array_equal(colour, np.repeat(pixels[:, :, None] // 256, 3, axis=2))


def bt601(y: int, u: int, v: int) -> list[float]:
    """RGB by the matrix of ITU-R BT.601, in the limited range, in which nothing is darker than 16."""
    luma, blue, red = 255 / 219 * max(y - 16, 0), u - 128, v - 128
    colour = (luma + 1.596 * red, luma - 0.392 * blue - 0.813 * red, luma + 2.017 * blue)
    return [min(max(value, 0.0), 255.0) for value in colour]


@pytest.mark.parametrize(
    ("encoding", "places"),
    [("yuv422", "uyvy"), ("uyvy", "uyvy"), ("yuv422_yuy2", "yuyv"), ("yuyv", "yuyv")],
)
@settings(max_examples=25, deadline=None)
@given(data=st.data(), size=sizes, padding=paddings)
def test_two_pixels_of_yuv422_share_their_colour(
    encoding: str, places: str, data: st.DataObject, size: tuple[int, int], padding: int
) -> None:
    height, pairs = size
    values = data.draw(hnp.arrays(np.uint8, (height, pairs, 4)))
    image = message(values.reshape(height, pairs * 2, 2), encoding, padding=padding)
    u, v = places.index("u"), places.index("v")
    lumas = [k for k, name in enumerate(places) if name == "y"]
    expected = [
        [bt601(int(four[y]), int(four[u]), int(four[v])) for four in row for y in lumas] for row in values
    ]
    np.testing.assert_allclose(image_to_array(image), expected, atol=1.5)


def test_yuv422_of_an_odd_width_is_refused() -> None:
    with pytest.raises(InputError, match="expected one that yuv422 can have, got 3x2"):
        image_to_array(message(np.zeros((2, 3, 2), np.uint8), "yuv422"))


@pytest.mark.parametrize("pattern", ["rggb", "bggr", "gbrg", "grbg"])
def test_bayer_patterns_are_interpolated(pattern: str) -> None:
    """Each missing value is the mean of its neighbours that have it; all but the border, which has fewer."""
    rng = np.random.default_rng(1)
    values = rng.integers(0, 256, (8, 10), np.uint8)
    named = np.array(list(pattern)).reshape(2, 2)
    expected = np.zeros((8, 10, 3))
    for y, x in np.ndindex(8, 10):
        around = [(b, a) for b in (y - 1, y, y + 1) for a in (x - 1, x, x + 1) if 0 <= b < 8 and 0 <= a < 10]
        for channel, letter in enumerate("rgb"):
            own = named[y % 2, x % 2] == letter
            near = [(y, x)] if own else [(b, a) for b, a in around if named[b % 2, a % 2] == letter]
            expected[y, x, channel] = np.mean([values[place] for place in near])
    found = image_to_array(message(values, f"bayer_{pattern}8", padding=3))
    np.testing.assert_allclose(found[1:-1, 1:-1], expected[1:-1, 1:-1], atol=1)


@settings(max_examples=25, deadline=None)
@given(pixels=hnp.arrays(np.float32, sizes), padding=paddings, big=st.booleans())
def test_float_depth_of_either_byte_order_is_kept_and_what_is_no_depth_is_0(
    pixels: np.ndarray[Any, Any], padding: int, big: bool
) -> None:
    metres = depth_to_metres(message(pixels, "32FC1", padding=padding, big=big))
    expected = [[float(z) if z > 0 and np.isfinite(z) else 0.0 for z in row] for row in pixels]
    assert metres.dtype == np.float32
    np.testing.assert_array_equal(metres, expected)


@pytest.mark.parametrize(
    ("encoding", "dtype"),
    [("8UC1", np.uint8), ("mono8", np.uint8), ("16UC1", np.uint16), ("mono16", np.uint16)],
)
@settings(max_examples=15, deadline=None)
@given(data=st.data(), size=sizes, padding=paddings, big=st.booleans())
def test_labels_of_every_encoding_are_kept(
    encoding: str, dtype: type, data: st.DataObject, size: tuple[int, int], padding: int, big: bool
) -> None:
    pixels = data.draw(hnp.arrays(dtype, size))
    labels = label_image_from(message(pixels, encoding, padding=padding, big=big))
    assert labels.dtype == np.uint16
    np.testing.assert_array_equal(labels, pixels)


@pytest.mark.parametrize("big", [False, True])
def test_labels_of_32_bit_are_kept_and_negative_ones_are_background(big: bool) -> None:
    pixels = np.array([[-1, 0, 1], [65535, 300, -(2**31)]], np.int32)
    labels = label_image_from(message(pixels, "32SC1", padding=2, big=big))
    assert labels.dtype == np.uint16
    assert labels.tolist() == [[0, 0, 1], [65535, 300, 0]]


def test_labels_that_16_bit_cannot_hold_are_refused() -> None:
    with pytest.raises(InputError, match="label image: expected values of at most 65535, got 65536"):
        label_image_from(message(np.array([[1, 65536]], np.int32), "32SC1"))


@settings(max_examples=25, deadline=None)
@given(ids=hnp.arrays(np.uint16, sizes))
def test_labels_survive_png(ids: np.ndarray[Any, Any]) -> None:
    compressed = SimpleNamespace(format="16UC1; png compressed ", data=encode_png(ids))
    np.testing.assert_array_equal(label_image_from(compressed), ids)


@settings(max_examples=25, deadline=None)
@given(depth_mm=hnp.arrays(np.uint16, sizes))
def test_millimetres_survive_compressed_depth(depth_mm: np.ndarray[Any, Any]) -> None:
    data = array("B", encode_compressed_depth(depth_mm))
    compressed = SimpleNamespace(format="16UC1; compressedDepth png", data=data)
    np.testing.assert_allclose(
        compressed_depth_to_metres(compressed), depth_mm.astype(np.float64) / 1000, rtol=1e-7
    )


@settings(max_examples=25, deadline=None)
@given(depth_mm=hnp.arrays(np.uint16, sizes))
def test_millimetres_to_metres_and_back_is_exact(depth_mm: np.ndarray[Any, Any]) -> None:
    metres = (depth_mm / 1000).astype(np.float32)
    np.testing.assert_array_equal(metres_to_millimetres(metres), depth_mm)


def test_depth_that_16_bit_cannot_hold_becomes_unknown() -> None:
    depth = np.array([[np.nan, np.inf, -1.0, 0.0, 65.535, 65.536, 0.0014, 0.0016]], np.float32)
    assert metres_to_millimetres(depth).tolist() == [[0, 0, 0, 0, 65535, 0, 1, 2]]


def test_unpadded_rgb_is_a_view_of_the_message() -> None:
    image = message(np.zeros((3, 4, 3), np.uint8), "rgb8")
    assert np.shares_memory(image_to_array(image), np.frombuffer(image.data, np.uint8))


def test_plain_16_bit_png_is_depth_in_millimetres() -> None:
    png = cv2.imencode(".png", np.array([[1500, 0]], np.uint16))[1].tobytes()
    metres = compressed_depth_to_metres(SimpleNamespace(format="16UC1; png compressed ", data=png))
    assert metres.tolist() == [[1.5, 0.0]]


def test_quantised_float_depth_is_inverted() -> None:
    # compressed_depth_image_transport: value = a / metres + b, here with a = 100 and b = 1.
    png = cv2.imencode(".png", np.array([[51, 101, 0]], np.uint16))[1].tobytes()
    data = struct.pack("<iff", 0, 100.0, 1.0) + png
    metres = compressed_depth_to_metres(SimpleNamespace(format="32FC1; compressedDepth png", data=data))
    assert metres.tolist() == [[2.0, 1.0, 0.0]]


def test_quantised_depth_below_its_own_zero_is_unknown() -> None:
    png = cv2.imencode(".png", np.array([[1, 3, 5]], np.uint16))[1].tobytes()
    data = struct.pack("<iff", 0, 100.0, 3.0) + png
    metres = compressed_depth_to_metres(SimpleNamespace(format="32FC1; compressedDepth png", data=data))
    assert metres.tolist() == [[0.0, 0.0, 50.0]]


def test_jpeg_keeps_red_red() -> None:
    red = np.zeros((16, 16, 3), np.uint8)
    red[:, :, 0] = 200
    decoded = compressed_to_rgb(SimpleNamespace(format="jpeg", data=encode_jpeg(red)))
    np.testing.assert_allclose(decoded, red, atol=3)


@pytest.mark.parametrize(
    ("convert", "encoding", "named"),
    [
        (image_to_array, "bayer_rggb16", "rgb8, bgr8"),
        (depth_to_metres, "rgb8", "16UC1, mono16 or 32FC1"),
        (label_image_from, "32FC1", "16UC1"),
    ],
)
def test_unknown_encoding_is_named_beside_the_known_ones(convert: Any, encoding: str, named: str) -> None:
    image = message(np.zeros((2, 2), np.uint8), encoding)
    with pytest.raises(InputError, match=rf"expected .*{named}.*, got '{encoding}'"):
        convert(image)


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"width": 0}, "image size: expected width and height > 0, got 0x3"),
        ({"height": 0}, "image size: expected width and height > 0, got 4x0"),
        ({"step": 11}, "image step: expected >= 12"),
        ({"step": 13}, r"image data: expected 39 bytes \(3 rows of 13\), got 36"),
        ({"data": b""}, "image data: expected 36 bytes .*, got 0"),
    ],
)
def test_image_that_does_not_fit_its_fields_is_refused(changed: dict[str, Any], wrong: str) -> None:
    image = message(np.zeros((3, 4, 3), np.uint8), "rgb8")
    vars(image).update(changed)
    with pytest.raises(InputError, match=wrong):
        image_to_array(image)


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8\xff\xe0 no jpeg", encode_jpeg(np.zeros((9, 9, 3), np.uint8))[:-2]]
)
def test_damaged_file_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="compressed image: expected a whole image"):
        compressed_to_rgb(SimpleNamespace(format="jpeg", data=data))


def test_depth_in_another_compression_is_refused_by_its_name() -> None:
    rvl = SimpleNamespace(format="16UC1; compressedDepth rvl", data=bytes(64))
    with pytest.raises(InputError, match="got '16UC1; compressedDepth rvl'"):
        compressed_depth_to_metres(rvl)


@pytest.mark.parametrize("convert", [compressed_depth_to_metres, label_image_from])
def test_png_in_colour_is_neither_depth_nor_labels(convert: Any) -> None:
    png = cv2.imencode(".png", np.zeros((4, 4, 3), np.uint8))[1].tobytes()
    with pytest.raises(InputError, match=r"one channel of .*, got \(4, 4, 3\) uint8"):
        convert(SimpleNamespace(format="png", data=png))
