from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage, Image

from reobj.errors import InputError
from reobj.scans.message_arrays import encode_compressed_depth, encode_jpeg
from reobj_ros.messages import images
from reobj_ros.messages.conversions import image_message
from reobj_ros.messages.stamps import header

HEADER = header(1, "camera")
GREEN = np.zeros((4, 6, 3), np.uint8)
GREEN[..., 1] = 200


class FakeBridge:
    """Answers as cv_bridge does, with what it is told."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str]] = []

    def imgmsg_to_cv2(self, message: Image, encoding: str) -> Any:
        self.asked.append((message.encoding, encoding))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def bayer() -> Image:
    return image_message(np.zeros((4, 6), np.uint16), "bayer_rggb16", HEADER)


def test_a_common_encoding_is_read_without_cv_bridge(monkeypatch: pytest.MonkeyPatch) -> None:
    bridge = FakeBridge(AssertionError("not needed"))
    monkeypatch.setattr(images, "_bridge", bridge)
    np.testing.assert_array_equal(images.to_rgb(image_message(GREEN, "bgr8", HEADER)), GREEN)
    assert bridge.asked == []


def test_a_compressed_image_is_read() -> None:
    message = CompressedImage(header=HEADER, format="jpeg", data=encode_jpeg(GREEN))
    assert np.abs(images.to_rgb(message).astype(int) - GREEN).max() < 8


def test_other_encodings_go_through_cv_bridge(monkeypatch: pytest.MonkeyPatch) -> None:
    bridge = FakeBridge(GREEN)
    monkeypatch.setattr(images, "_bridge", bridge)
    np.testing.assert_array_equal(images.to_rgb(bayer()), GREEN)
    assert bridge.asked == [("bayer_rggb16", "rgb8")]


@pytest.mark.parametrize("error", [ValueError("buffer is too small"), RuntimeError("cv_bridge's own")])
def test_whatever_cv_bridge_raises_is_an_input_error(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(images, "_bridge", FakeBridge(error))
    with pytest.raises(InputError, match=f"'bayer_rggb16': cv_bridge says: {error}"):
        images.to_rgb(bayer())


def test_without_cv_bridge_other_encodings_are_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "_bridge", None)
    with pytest.raises(InputError, match=r"expected rgb8, .*, got 'bayer_rggb16'"):
        images.to_rgb(bayer())


def test_an_empty_image_never_reaches_cv_bridge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "_bridge", FakeBridge(GREEN))
    with pytest.raises(InputError, match="expected width and height > 0, got 0x0"):
        images.to_rgb(Image(encoding="bayer_rggb16"))


def test_the_real_cv_bridge_reads_bayer_and_refuses_nonsense() -> None:
    pytest.importorskip("cv_bridge", reason="cv_bridge comes with a ROS 2 installation; see docs/testing.md")
    raw = np.zeros((8, 8), np.uint16)
    raw[::2, ::2] = 50_000  # the red pixels of RGGB
    colour = images.to_rgb(image_message(raw, "bayer_rggb16", HEADER))
    assert colour.shape == (8, 8, 3) and colour[4, 4].argmax() == 0
    with pytest.raises(InputError, match="'foo8'"):
        images.to_rgb(image_message(raw, "foo8", HEADER))
    short = image_message(raw, "bayer_rggb16", HEADER)
    short.data = short.data[:20]
    with pytest.raises(InputError, match="'bayer_rggb16'"):
        images.to_rgb(short)


def test_raw_and_compressed_depth_are_metres() -> None:
    millimetres = np.array([[0, 1500]], np.uint16)
    np.testing.assert_allclose(images.to_depth(image_message(millimetres, "16UC1", HEADER)), [[0.0, 1.5]])
    data = encode_compressed_depth(millimetres)
    message = CompressedImage(header=HEADER, format="16UC1; compressedDepth png", data=data)
    np.testing.assert_allclose(images.to_depth(message), [[0.0, 1.5]])
