"""The nodes use no name that rclpy's Node uses itself: that would break it without a word."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from rclpy.lifecycle import LifecycleNode

import reobj_ros

FILES = sorted(Path(reobj_ros.__file__).parent.rglob("*_node.py"))
MEANT = {"__init__"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_attribute_or_method_hides_one_of_rclpy(path: Path, lifecycle_node: LifecycleNode) -> None:
    tree = ast.parse(path.read_text())
    names = {
        item.attr
        for item in ast.walk(tree)
        if isinstance(item, ast.Attribute)
        and isinstance(item.ctx, ast.Store)
        and isinstance(item.value, ast.Name)
        and item.value.id == "self"
    }
    names |= {item.name for item in ast.walk(tree) if isinstance(item, ast.FunctionDef)} - MEANT
    assert names
    assert not names & ({*dir(lifecycle_node)} | {*vars(lifecycle_node)})


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_node_only_wires(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 150
