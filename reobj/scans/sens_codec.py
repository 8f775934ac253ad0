"""Colour and depth blobs of a ``.sens`` file: from bytes to pixels and back."""

from __future__ import annotations

import zlib
from typing import Any

import cv2
import numpy as np
from isal import isal_zlib  # inflates at twice zlib's speed
from numpy.typing import NDArray

from reobj.errors import InputError, ScanError, mismatch
from reobj.scans.image_size import JPEG_MAGIC, image_size
from reobj.scans.sens_format import ColourCompression, DepthCompression, SensHeader

DEPTH_LEVEL = 6  # of zlib: a quarter smaller than level 1 and read a quarter faster
JPEG_END = b"\xff\xd9"


def decode_colour(header: SensHeader, blob: bytes, where: str) -> NDArray[np.uint8]:
    """The colour image, (H, W, 3) uint8 RGB.

    Args:
        header: of the file that the blob is from.
        blob: as stored.
        where: names the frame in messages.

    Raises:
        ScanError: the blob is damaged or of another size than the header says.
    """
    width, height = header.colour_size
    if header.colour_compression is ColourCompression.RAW:
        _check_bytes(blob, width * height * 3, f"raw colour of {where}")
        return (
            np.frombuffer(blob, np.uint8).reshape(height, width, 3).copy()
        )  # a view of bytes cannot be written to
    size = image_size(blob)
    if size != (width, height):
        got = "neither JPEG nor PNG data" if size is None else f"{size[0]}x{size[1]}"
        raise ScanError(mismatch(f"colour of {where}", f"an image of {width}x{height}", got))
    image = _decode(blob, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    cut_off = blob.startswith(JPEG_MAGIC) and JPEG_END not in blob  # old OpenCV fills the rest with grey
    if image is None or cut_off:
        raise ScanError(mismatch(f"colour of {where}", "a whole JPEG or PNG image", "damaged data"))
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB, dst=image), np.uint8)


def decode_depth(header: SensHeader, blob: bytes, where: str) -> NDArray[np.float32]:
    """The depth image, (H, W) float32 metres, 0 where unknown. Raises ScanError like decode_colour."""
    width, height = header.depth_size
    expected = width * height * 2
    if header.depth_compression is DepthCompression.ZLIB:
        blob = _inflate(blob, expected, where)
    _check_bytes(blob, expected, f"depth of {where}")
    values = np.frombuffer(blob, "<u2").reshape(height, width)
    return np.divide(values, np.float32(header.depth_shift), dtype=np.float32)


def decode_ids(blob: bytes, where: str, size: tuple[int, int]) -> NDArray[np.uint16]:
    """An instance or label image from its PNG, (H, W) uint16.

    Args:
        blob: PNG bytes, one channel of 8 or 16 bits.
        where: names the image in messages.
        size: width and height that it must have.

    Raises:
        ScanError: damaged, of another size, or not one channel of integers.
    """
    width, height = size
    if image_size(blob) != (width, height):
        raise ScanError(mismatch(where, f"a PNG image of {width}x{height}", image_size(blob) or "other data"))
    image = _decode(blob, cv2.IMREAD_UNCHANGED)
    if image is None:
        raise ScanError(mismatch(where, "a whole PNG image", "damaged data"))
    if image.ndim != 2 or image.dtype not in (np.uint8, np.uint16):
        raise ScanError(mismatch(where, "one channel of 8 or 16 bits", f"{image.shape} {image.dtype}"))
    return image.astype(np.uint16, copy=False)


def encode_colour(header: SensHeader, image: NDArray[np.uint8], quality: int) -> bytes:
    """(H, W, 3) uint8 RGB as the blob that ``header`` asks for; ``quality``: 1 to 100, for JPEG."""
    if header.colour_compression is ColourCompression.RAW:
        return image.tobytes()
    if header.colour_compression is ColourCompression.JPEG:
        return encode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_JPEG_QUALITY, quality))
    return encode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))


def encode_depth(header: SensHeader, depth: NDArray[np.uint16]) -> bytes:
    """(H, W) uint16 as the blob that ``header`` asks for."""
    blob = depth.astype("<u2", copy=False).tobytes()
    return zlib.compress(blob, DEPTH_LEVEL) if header.depth_compression is DepthCompression.ZLIB else blob


def encode(extension: str, image: NDArray[Any], options: tuple[int, ...] = ()) -> bytes:
    """An image file's bytes. Raises InputError when OpenCV refuses the image."""
    done, data = cv2.imencode(extension, image, options)
    if not done:
        raise InputError(f"OpenCV cannot encode an image {image.shape} {image.dtype} as {extension}")
    return data.tobytes()


def _decode(blob: bytes, flags: int) -> NDArray[Any] | None:
    try:
        return cv2.imdecode(np.frombuffer(blob, np.uint8), flags)
    except cv2.error:
        return None


def _inflate(blob: bytes, expected: int, where: str) -> bytes:
    """Inflates at most one byte more than expected, so that damaged data cannot fill the memory."""
    inflater = isal_zlib.decompressobj()
    try:
        data = inflater.decompress(blob, expected + 1)
    except isal_zlib.error as error:  # type: ignore[misc]  # its stub lacks the base class
        raise ScanError(f"depth of {where}: damaged zlib data ({error})") from error
    if len(data) <= expected and not inflater.eof:
        raise ScanError(f"depth of {where}: zlib data that ends early")
    return data


def _check_bytes(blob: bytes, expected: int, what: str) -> None:
    if len(blob) != expected:
        raise ScanError(mismatch(what, f"{expected} bytes", len(blob)))
