from __future__ import annotations

import numpy as np
import pytest
from std_msgs.msg import String

from reobj.errors import InputError
from reobj_ros.input.stamp_join import Joined
from reobj_ros.input.truth_input import COMPANION, TruthInput
from reobj_ros.messages.conversions import image_message
from reobj_ros.messages.stamps import header

IDS = np.array([[0, 1], [3, 3]], np.uint16)


def joined(encoding: str = "16UC1") -> Joined:
    pixels = IDS if encoding == "16UC1" else np.zeros((2, 2, 3), np.uint8)
    return Joined(5, None, {COMPANION: image_message(pixels, encoding, header(5, "camera"))})


def test_a_label_image_is_found_by_its_stamp_with_the_names_that_came() -> None:
    warnings: list[str] = []
    truth = TruthInput(warnings.append)
    truth.take_names(String(data='{"1": "chair", "3": "cup"}'))
    truth.feed(joined())
    found = truth.buffer(5)
    np.testing.assert_array_equal(found.ids, IDS)
    assert found.labels == {1: "chair", 3: "cup"} and not warnings


@pytest.mark.parametrize("data", ["no json", "[1, 2]", '{"chair": 1}'])
def test_names_that_cannot_be_read_are_a_warning_and_the_old_ones_stay(data: str) -> None:
    warnings: list[str] = []
    truth = TruthInput(warnings.append)
    truth.take_names(String(data='{"1": "chair"}'))
    truth.take_names(String(data=data))
    truth.feed(joined())
    assert truth.buffer(5).labels == {1: "chair"}
    assert len(warnings) == 1 and data in warnings[0]


def test_a_colour_image_is_no_label_image() -> None:
    with pytest.raises(InputError, match="label image encoding"):
        TruthInput(pytest.fail).feed(joined("rgb8"))
