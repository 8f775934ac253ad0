from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest
from rclpy.node import Node

from reobj_ros import entry


@pytest.mark.parametrize("name", entry.NODES)
def test_every_command_has_its_node(name: str) -> None:
    assert issubclass(getattr(import_module(f"reobj_ros.{name}"), entry.NODES[name]), Node)
    assert callable(getattr(entry, name))


def test_the_commands_are_light_so_that_ctrl_c_is_answered_from_the_start() -> None:
    code = "import sys, reobj_ros.entry; print(*sorted({'torch', 'rclpy', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_an_unknown_node_is_answered_with_the_known_ones() -> None:
    command = [sys.executable, "-m", "reobj_ros", "no_node"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and "live_node" in done.stderr and "Traceback" not in done.stderr
