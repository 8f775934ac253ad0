"""Differences between the distributions of ROS 2: each side of each of them."""

from __future__ import annotations

import runpy
import sys
import types

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from reobj_ros.node import distribution


def test_without_the_executor_of_events_there_is_the_other_one(
    context: rclpy.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rclpy.experimental", None)
    assert type(distribution.make_executor(context)) is SingleThreadedExecutor


def test_the_executor_runs_a_timer(context: rclpy.Context, node: Node) -> None:
    fired: list[int] = []
    timer = node.create_timer(0.001, lambda: fired.append(1))
    executor = distribution.make_executor(context)
    executor.add_node(node)
    for _ in range(1000):
        if fired:
            break
        executor.spin_once(timeout_sec=0.05)
    executor.remove_node(node)
    node.destroy_timer(timer)
    assert fired


def test_humble_has_the_callbacks_of_events_in_another_module(monkeypatch: pytest.MonkeyPatch) -> None:
    class OfHumble:
        pass

    humble = types.SimpleNamespace(SubscriptionEventCallbacks=OfHumble)
    monkeypatch.setitem(sys.modules, "rclpy.event_handler", None)
    monkeypatch.setitem(sys.modules, "rclpy.qos_event", humble)
    found = runpy.run_path(str(distribution.__file__))
    assert found["SubscriptionEventCallbacks"] is OfHumble


def test_a_bad_topic_is_the_error_of_rcl(node: Node) -> None:
    with pytest.raises(distribution.RCLError):
        node.resolve_topic_name("no/{valid}/name")
