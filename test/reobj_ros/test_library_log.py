"""What the library logs is heard as the node's own words, not too often, and no longer once it is closed."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from rcl_interfaces.msg import Log
from rclpy.node import Node

from reobj.detection.warm_up import warm_up
from reobj_ros.node.library_log import LibraryLog


def hear(node: Node, spin: Callable[..., bool]) -> list[Log]:
    """What comes on /rosout from now on."""
    heard: list[Log] = []
    node.create_subscription(Log, "/rosout", heard.append, 100)
    assert spin(lambda: node.count_publishers("/rosout") > 0, node)
    return heard


def said(node: Node, spin: Callable[..., bool], heard: list[Log]) -> list[tuple[int, str]]:
    """Level and text of all lines of the node, to a last one."""
    node.get_logger().info("the end")
    assert spin(lambda: any(line.msg == "the end" for line in heard), node)
    return [(line.level, line.msg) for line in heard if line.name == node.get_logger().name]


def test_warnings_and_errors_are_on_rosout_and_less_is_not(
    node: Node, spin: Callable[..., bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = hear(node, spin)
    library = logging.getLogger("reobj.association.store.writer")
    # Once launch is imported in a process, as its pytest plug-in does, new loggers keep to themselves.
    monkeypatch.setattr(library, "propagate", True)
    passed_on = LibraryLog(node.get_logger())
    passed_on.open()
    library.info("too little")
    library.warning("disk %s", "full")
    library.warning("disk %s", "full again")  # the same line, within five seconds
    library.error("disk gone")
    passed_on.close()
    library.error("too late")
    assert said(node, spin, heard) == [
        (Log.WARN, "disk full"),
        (Log.ERROR, "disk gone"),
        (Log.INFO, "the end"),
    ]


def test_which_detector_runs_and_on_what_is_heard_too(
    node: Node, spin: Callable[..., bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = hear(node, spin)
    for name in ("reobj", "reobj.detection", "reobj.detection.warm_up"):
        monkeypatch.setattr(logging.getLogger(name), "propagate", True)
    passed_on = LibraryLog(node.get_logger())
    passed_on.open()
    warm_up(lambda frame: None, "light", "cpu")
    passed_on.close()
    warm_up(lambda frame: None, "another", "cpu")
    lines = said(node, spin, heard)
    assert [level for level, _ in lines] == [Log.INFO, Log.INFO]
    assert lines[0][1].startswith("detector light on cpu, ready after ")
