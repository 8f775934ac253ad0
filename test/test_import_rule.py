"""reobj/ runs without ROS: none of its modules imports rclpy or a message package."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FORBIDDEN = (
    "rclpy",
    "rosidl",
    "launch",
    "launch_ros",
    "ament_index_python",
    "cv_bridge",
    "message_filters",
    "tf2",
)
MODULES = sorted((ROOT / "reobj").rglob("*.py"))


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_reobj_imports_no_ros(path: Path) -> None:
    bad = {n for n in imported(path) if n.startswith(FORBIDDEN) or n.endswith(("_msgs", "_interfaces"))}
    assert not bad and "reobj_ros" not in imported(path)


def test_the_rule_sees_a_forbidden_import(tmp_path: Path) -> None:
    module = tmp_path / "bad.py"
    module.write_text("def f():\n    from sensor_msgs.msg import Image\n")
    assert imported(module) == {"sensor_msgs"}
