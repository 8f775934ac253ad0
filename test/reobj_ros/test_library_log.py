"""What the library logs is heard as the node's own words, not too often, and no longer once it is closed."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from rcl_interfaces.msg import Log
from rclpy.node import Node

from reobj_ros.node.library_log import LibraryLog


def test_warnings_and_errors_are_on_rosout_and_less_is_not(
    node: Node, spin: Callable[..., bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Log] = []
    node.create_subscription(Log, "/rosout", heard.append, 100)
    assert spin(lambda: node.count_publishers("/rosout") > 0, node)
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
    node.get_logger().info("the end")
    assert spin(lambda: any(line.msg == "the end" for line in heard), node)
    mine = [(line.level, line.msg) for line in heard if line.name == node.get_logger().name]
    assert mine == [(Log.WARN, "disk full"), (Log.ERROR, "disk gone"), (Log.INFO, "the end")]
