"""Image messages <-> numpy arrays, for bags and for live topics alike.

The functions take any object with the fields of ``sensor_msgs/Image`` or
``sensor_msgs/CompressedImage``, whether rclpy or a bag reader made it.
"""

from __future__ import annotations

import struct
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, mismatch


class ImageMessage(Protocol):
    """The fields of sensor_msgs/Image. ``data`` is anything with the buffer protocol."""

    height: int
    width: int
    encoding: str
    is_bigendian: int
    step: int
    data: Any


class CompressedMessage(Protocol):
    """The fields of sensor_msgs/CompressedImage. ``data`` is anything with the buffer protocol."""

    format: str
    data: Any


# Type and number of a pixel's values, and the conversion to RGB. 8UC3 and 8UC1 are OpenCV's own names: BGR
# and grey. A row of yuv422 is as wide as the image, two pixels share their colour.
_COLOUR: dict[str, tuple[type[np.generic], int, int | None]] = {
    "rgb8": (np.uint8, 3, None),
    "bgr8": (np.uint8, 3, cv2.COLOR_BGR2RGB),
    "8UC3": (np.uint8, 3, cv2.COLOR_BGR2RGB),
    "rgba8": (np.uint8, 4, cv2.COLOR_RGBA2RGB),
    "bgra8": (np.uint8, 4, cv2.COLOR_BGRA2RGB),
    "mono8": (np.uint8, 1, cv2.COLOR_GRAY2RGB),
    "8UC1": (np.uint8, 1, cv2.COLOR_GRAY2RGB),
    "mono16": (np.uint16, 1, cv2.COLOR_GRAY2RGB),
    "yuv422": (np.uint8, 2, cv2.COLOR_YUV2RGB_UYVY),
    "uyvy": (np.uint8, 2, cv2.COLOR_YUV2RGB_UYVY),
    "yuv422_yuy2": (np.uint8, 2, cv2.COLOR_YUV2RGB_YUY2),
    "yuyv": (np.uint8, 2, cv2.COLOR_YUV2RGB_YUY2),
    "bayer_rggb8": (np.uint8, 1, cv2.COLOR_BayerRGGB2RGB),
    "bayer_bggr8": (np.uint8, 1, cv2.COLOR_BayerBGGR2RGB),
    "bayer_gbrg8": (np.uint8, 1, cv2.COLOR_BayerGBRG2RGB),
    "bayer_grbg8": (np.uint8, 1, cv2.COLOR_BayerGRBG2RGB),
}
COLOUR_ENCODINGS = tuple(_COLOUR)  #: what ``image_to_array`` reads
_MILLIMETRES = ("16UC1", "mono16")
_LABELS = {
    "16UC1": np.uint16,
    "mono16": np.uint16,
    "8UC1": np.uint8,
    "mono8": np.uint8,
    "32SC1": np.int32,
}
_HIGHEST_LABEL = int(np.iinfo(np.uint16).max)

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# compressed_depth_image_transport puts {int32 format; float32 quantisation[2]} before the PNG.
_DEPTH_HEADER = struct.Struct("<iff")
_JPEG_START, _JPEG_END = b"\xff\xd8", b"\xff\xd9"
_JPEG_OPTIONS = (cv2.IMWRITE_JPEG_QUALITY, 95)  # near the point where compression leaves no visible trace


def image_to_array(message: ImageMessage) -> NDArray[np.uint8]:
    """The colour image, (H, W, 3) uint8 RGB.

    rgb8 without padding is a view of ``message.data``; everything else is a copy. Of mono16 the high byte
    is taken; yuv422 is in the limited range of ITU-R BT.601; Bayer patterns are interpolated.

    Raises:
        InputError: an encoding that is not listed, size 0 or one that the encoding cannot have (yuv422 of an
            odd width), or data that do not fit the size.
    """
    if message.encoding not in _COLOUR:
        raise InputError(mismatch("colour encoding", ", ".join(COLOUR_ENCODINGS), repr(message.encoding)))
    kind, channels, conversion = _COLOUR[message.encoding]
    pixels = _pixels(message, np.dtype(kind), channels)
    if kind is np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    pixels = np.ascontiguousarray(pixels)
    if conversion is None:
        return pixels
    try:
        return cv2.cvtColor(pixels, conversion).astype(np.uint8, copy=False)
    except cv2.error as error:
        size = f"{message.width}x{message.height}"
        raise InputError(mismatch("image size", f"one that {message.encoding} can have", size)) from error


def depth_to_metres(message: ImageMessage) -> NDArray[np.float32]:
    """The depth image, (H, W) float32 metres, 0 where unknown.

    Takes 16UC1 and mono16 (millimetres) and 32FC1 (metres), of either byte order. What REP 118 says of
    32FC1, NaN for "no depth" and infinities for too near and too far, becomes 0, as do negative values.

    Raises:
        InputError: another encoding, size 0, or data that do not fit the size.
    """
    if message.encoding == "32FC1":
        return _known(_pixels(message, np.dtype(np.float32), 1)[:, :, 0].astype(np.float32, copy=False))
    if message.encoding in _MILLIMETRES:
        return millimetres_to_metres(_pixels(message, np.dtype(np.uint16), 1)[:, :, 0])
    raise InputError(mismatch("depth encoding", "16UC1, mono16 or 32FC1", repr(message.encoding)))


def label_image_from(message: ImageMessage | CompressedMessage) -> NDArray[np.uint16]:
    """A label image, (H, W) uint16, from a raw (8, 16 or 32 bit) or a PNG-compressed message.

    Raises:
        InputError: not one channel of whole numbers, values beyond 65535, size 0, or damaged data. What is
            negative in 32SC1 is background.
    """
    encoding: str | None = getattr(message, "encoding", None)
    if encoding is None:
        pixels = _decode(message.data, cv2.IMREAD_UNCHANGED)
        if pixels.ndim != 2 or pixels.dtype not in (np.uint8, np.uint16):
            got = f"{pixels.shape} {pixels.dtype}"
            raise InputError(mismatch("label image", "one channel of 8 or 16 bit", got))
        return pixels.astype(np.uint16)
    if encoding not in _LABELS:
        raise InputError(mismatch("label image encoding", ", ".join(_LABELS), repr(encoding)))
    labels = _pixels(message, np.dtype(_LABELS[encoding]), 1)[:, :, 0]  # type: ignore[arg-type]
    if labels.dtype.itemsize > 2:
        if (highest := int(labels.max())) > _HIGHEST_LABEL:
            raise InputError(mismatch("label image", f"values of at most {_HIGHEST_LABEL}", highest))
        labels = np.maximum(labels, 0)
    return labels.astype(np.uint16)


def compressed_to_rgb(message: CompressedMessage) -> NDArray[np.uint8]:
    """The colour image of a JPEG, PNG or other file that OpenCV reads, (H, W, 3) uint8 RGB.

    Raises:
        InputError: damaged data, or a format that OpenCV does not read.
    """
    # The camera's pixel grid is what the calibration belongs to: an EXIF orientation must not turn it.
    bgr = _decode(message.data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)


def compressed_depth_to_metres(message: CompressedMessage) -> NDArray[np.float32]:
    """The depth image of a 16-bit PNG, (H, W) float32 metres, 0 where unknown.

    Takes what compressed_depth_image_transport publishes as PNG, of 16UC1 (millimetres) and of
    32FC1 (quantised inverse depth: metres = a / (value - b)), and a plain 16-bit PNG in millimetres.

    Raises:
        InputError: another compression (such as RVL), not one channel of 16 bit, or damaged data.
    """
    data = np.frombuffer(message.data, np.uint8)
    start = 0 if data[:8].tobytes() == _PNG_SIGNATURE else _DEPTH_HEADER.size
    if data[start : start + 8].tobytes() != _PNG_SIGNATURE:
        raise InputError(
            mismatch("compressed depth", "a 16-bit PNG, with or without header", repr(message.format))
        )
    values = _decode(data[start:], cv2.IMREAD_UNCHANGED)
    if values.ndim != 2 or values.dtype != np.uint16:
        raise InputError(
            mismatch("compressed depth", "one channel of 16 bit", f"{values.shape} {values.dtype}")
        )
    if start and message.format.startswith("32FC1"):
        _, a, b = _DEPTH_HEADER.unpack(data[:start].tobytes())
        with np.errstate(divide="ignore"):
            return _known(np.where(values > 0, np.float32(a) / (values - np.float32(b)), np.float32(0)))
    return millimetres_to_metres(values)


def millimetres_to_metres(depth_mm: NDArray[np.uint16]) -> NDArray[np.float32]:
    """(H, W) float32 metres from (H, W) uint16 millimetres."""
    return np.divide(depth_mm, np.float32(1000), dtype=np.float32)


def metres_to_millimetres(depth: NDArray[np.float32]) -> NDArray[np.uint16]:
    """(H, W) uint16 millimetres from (H, W) float32 metres; what 16 bit cannot hold becomes 0 = unknown."""
    millimetres = depth * np.float32(1000)
    np.rint(millimetres, out=millimetres)
    # Does not hold for NaN, infinity, and what is too far or negative.
    fits = (millimetres >= 0) & (millimetres <= np.iinfo(np.uint16).max)
    millimetres[~fits] = 0
    return millimetres.astype(np.uint16)


def encode_jpeg(colour: NDArray[np.uint8]) -> bytes:
    """A JPEG of an (H, W, 3) uint8 RGB image."""
    return cv2.imencode(".jpg", cv2.cvtColor(colour, cv2.COLOR_RGB2BGR), _JPEG_OPTIONS)[1].tobytes()


def encode_png(image: NDArray[np.uint16]) -> bytes:
    """A 16-bit PNG of an (H, W) uint16 image."""
    # OpenCV's own default is run lengths at the fastest level: on noisy depth it is twice as quick as
    # any level that is asked for by number, and not larger.
    return cv2.imencode(".png", image)[1].tobytes()


def encode_compressed_depth(depth_mm: NDArray[np.uint16]) -> bytes:
    """The data of a "16UC1; compressedDepth png" message, from (H, W) uint16 millimetres."""
    return _DEPTH_HEADER.pack(0, 0.0, 0.0) + encode_png(depth_mm)


def _known(metres: NDArray[np.float32]) -> NDArray[np.float32]:
    """A copy with 0 for what is no depth."""
    return np.where((metres > 0) & (metres < np.inf), metres, np.float32(0))


def _pixels(message: ImageMessage, dtype: np.dtype[Any], channels: int) -> NDArray[Any]:
    """A view of the message's data as (H, W, C) without the rows' padding."""
    height, width, step = message.height, message.width, message.step
    if height <= 0 or width <= 0:
        raise InputError(mismatch("image size", "width and height > 0", f"{width}x{height}"))
    used = width * channels * dtype.itemsize
    if step < used:
        raise InputError(
            mismatch("image step", f">= {used} bytes for {width} {message.encoding} pixels", step)
        )
    data = np.frombuffer(message.data, np.uint8)
    if data.size != step * height:
        raise InputError(
            mismatch("image data", f"{step * height} bytes ({height} rows of {step})", data.size)
        )
    ordered = dtype.newbyteorder(">" if message.is_bigendian else "<")
    return data.reshape(height, step)[:, :used].view(ordered).reshape(height, width, channels)


def _decode(data: Any, flags: int) -> NDArray[Any]:
    """The image in a compressed file's bytes."""
    array = np.frombuffer(data, np.uint8)
    try:
        image = cv2.imdecode(array, flags)
    except cv2.error as error:
        raise InputError(mismatch("compressed image", "a whole image", error.err)) from error
    # What a JPEG that was cut off lacks, OpenCV fills with grey.
    cut_off = array[:2].tobytes() == _JPEG_START and _JPEG_END not in array.tobytes()
    if image is None or cut_off:
        raise InputError(
            mismatch("compressed image", "a whole image", f"{array.size} bytes, damaged or no image")
        )
    return image
