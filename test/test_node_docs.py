"""docs/nodes.md says what the nodes' tables say."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("reobj_msgs", reason="needs reobj_msgs, built by make setup")

TOOL = Path(__file__).parent.parent / "tools/node_docs.py"


@pytest.fixture(scope="module")
def node_docs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("node_docs", TOOL)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date(node_docs: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["node_docs.py", "--check"])
    assert node_docs.main() == 0, "run python tools/node_docs.py"


def test_a_page_that_is_out_of_date_is_an_error(
    node_docs: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old = tmp_path / "nodes.md"
    monkeypatch.setattr(node_docs, "PAGE", old)
    monkeypatch.setattr(sys, "argv", ["node_docs.py", "--check"])
    assert node_docs.main() == 1
    old.write_text(node_docs.page() + "more")
    assert node_docs.main() == 1


def test_every_parameter_has_a_meaning(node_docs: ModuleType) -> None:
    rows = [line for line in node_docs.page().splitlines() if line.startswith("| `")]
    assert len(rows) > 100
    assert not [row for row in rows if row.rstrip(" |").endswith("|")]
