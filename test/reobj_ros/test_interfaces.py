from __future__ import annotations

import pytest
from sensor_msgs.msg import Image

from reobj_ros.messages.interfaces import definition_folder, message_class, message_module


def test_a_message_class_is_found_by_its_type() -> None:
    assert message_class("sensor_msgs/msg/Image") is Image


@pytest.mark.parametrize(
    "msgtype", ["no_such_msgs/msg/Image", "sensor_msgs/msg/NoSuchThing", "Image", "a/b/c/d", ""]
)
def test_a_type_that_is_not_installed_is_none(msgtype: str) -> None:
    assert message_class(msgtype) is None


def test_the_messages_of_a_package_are_found_where_it_is_installed() -> None:
    module = message_module("sensor_msgs")
    assert module is not None and module.Image is Image
    assert message_module("no_such_msgs") is None


def test_the_definitions_of_our_messages_are_found() -> None:
    assert (definition_folder("reobj_msgs") / "TrackedObjects.msg").is_file()


def test_definitions_of_what_is_not_installed_are_an_error() -> None:
    with pytest.raises(ImportError):
        definition_folder("no_such_msgs")
    with pytest.raises(FileNotFoundError, match="share/numpy/msg"):
        definition_folder("numpy")
