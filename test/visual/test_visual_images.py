import base64

import cv2
import numpy as np

from reobj.visual.images import encode_jpeg, jpeg_uri


def decoded(jpeg: bytes) -> np.ndarray:
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def test_a_large_image_is_made_smaller_and_keeps_its_shape_and_colour() -> None:
    image = np.zeros((100, 400, 3), np.uint8)
    image[:] = (200, 40, 10)
    small = decoded(encode_jpeg(image, 200))
    assert small.shape == (50, 200, 3)
    np.testing.assert_allclose(small.mean(axis=(0, 1)), (200, 40, 10), atol=3)


def test_a_small_image_keeps_its_size() -> None:
    assert decoded(encode_jpeg(np.zeros((30, 20, 3), np.uint8), 200)).shape == (30, 20, 3)


def test_a_very_long_image_keeps_at_least_one_row() -> None:
    assert decoded(encode_jpeg(np.zeros((1, 900, 3), np.uint8), 100)).shape == (1, 100, 3)


def test_the_uri_holds_the_file() -> None:
    head, data = jpeg_uri(b"\xff\xd8abc").split(",")
    assert head == "data:image/jpeg;base64"
    assert base64.b64decode(data) == b"\xff\xd8abc"
