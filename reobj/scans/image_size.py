"""Width and height of JPEG and PNG bytes, without decoding them.

A damaged image may claim any size; this is looked at before memory is taken for its pixels.
"""

from __future__ import annotations

import struct

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
JPEG_MAGIC = b"\xff\xd8"
# Start of frame: C0 to CF, less the three of that range that mean something else (ITU T.81, table B.1).
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset((0x01, *range(0xD0, 0xD8)))


def image_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels, or None when ``data`` is neither a JPEG nor a PNG image."""
    if data.startswith(PNG_MAGIC):
        return struct.unpack_from(">II", data, 16) if len(data) >= 24 else None
    if data.startswith(JPEG_MAGIC):
        return _jpeg_size(data)
    return None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    position = len(JPEG_MAGIC)
    while position + 9 <= len(data):
        if data[position] != 0xFF:
            return None
        marker = data[position + 1]
        if marker in _START_OF_FRAME:
            height, width = struct.unpack_from(">HH", data, position + 5)
            return width, height
        if marker == 0xFF:  # a fill byte before the marker
            position += 1
        elif marker in _WITHOUT_LENGTH:
            position += 2
        else:
            position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return None
