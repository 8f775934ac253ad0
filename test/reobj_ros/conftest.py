"""A real node in the test's own process; no other process is needed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("reobj_msgs", reason="needs reobj_msgs, built by make setup")

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode
from rclpy.node import Node

# What other test runs on this machine do at the same time is not heard.
DOMAIN = 96
NAMESPACE = f"/test_{os.getpid()}"

MakeNode = Callable[..., Node]
Spin = Callable[[Callable[[], bool]], bool]


@pytest.fixture(scope="module")
def context() -> Iterator[rclpy.Context]:
    made = rclpy.Context()
    rclpy.init(context=made, domain_id=DOMAIN)
    yield made
    rclpy.shutdown(context=made)


@pytest.fixture
def make_node(context: rclpy.Context) -> Iterator[MakeNode]:
    """Makes nodes: ``make_node("-r", "image:=/front")`` takes what may follow ``--ros-args``."""
    made: list[Node] = []

    def make(*ros_args: str) -> Node:
        cli_args = ["--ros-args", *ros_args] if ros_args else None
        name = f"tested_{len(made)}"
        made.append(Node(name, namespace=NAMESPACE, context=context, cli_args=cli_args))
        return made[-1]

    yield make
    for node in made:
        node.destroy_node()


@pytest.fixture
def node(make_node: MakeNode) -> Node:
    return make_node()


@pytest.fixture
def lifecycle_node(context: rclpy.Context) -> Iterator[LifecycleNode]:
    made = LifecycleNode("managed", namespace=NAMESPACE, context=context)
    yield made
    made.destroy_node()


@pytest.fixture
def spin(context: rclpy.Context) -> Callable[..., bool]:
    """Spins nodes until a condition holds; False after a minute."""

    def until(condition: Callable[[], bool], *nodes: Node) -> bool:
        executor = SingleThreadedExecutor(context=context)
        for one in nodes:
            executor.add_node(one)
        deadline = time.monotonic() + 60.0
        while not condition() and time.monotonic() < deadline:
            executor.spin_once(timeout_sec=0.05)
        for one in nodes:
            executor.remove_node(one)
        executor.shutdown()
        return condition()

    return until
