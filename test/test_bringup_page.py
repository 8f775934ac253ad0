"""docs/bringup.md: what it quotes is what the nodes say, and what it names is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/bringup.md").read_text()
OF_OTHERS = {
    "ModuleNotFoundError: torch",
    "numpy.core.multiarray failed to import",
    "compiled using NumPy 1.x",
}


def texts() -> set[str]:
    """The constant parts of all texts in the source."""
    found: set[str] = set()
    for path in [*(ROOT / "reobj").rglob("*.py"), *(ROOT / "reobj_ros").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def quoted() -> list[str]:
    """Messages in the first column of the last table; a number or what stands for others parts them."""
    rows = re.findall(r"^\| (.*?) \|", PAGE.split("## From symptom to cure")[1], re.M)
    messages = [message for row in rows for message in re.findall(r"`([^`]* [^`]*)`", row)]
    return [message for message in messages if message not in OF_OTHERS]


def test_the_messages_are_those_of_the_source() -> None:
    known = texts()
    messages = quoted()
    assert len(messages) >= 8
    for message in messages:
        for part in re.split(r"\.\.\.|\d+(?: s)?|'\w+'|;", message):
            piece = part.strip(" ;:,")
            assert not piece or any(piece in text for text in known), f"{message!r}: {piece!r}"


def test_the_parameters_that_are_named_exist() -> None:
    nodes = (ROOT / "docs/nodes.md").read_text()
    tuning = PAGE.split("## Tuning")[1].split("## From symptom")[0]
    dotted = re.findall(r"`((?:detector|encoder|association)\.[\w.]+)(?:: \w+)?`", tuning)
    assert {"detector.min_score", "association.thresholds.match"} <= set(dotted)
    for name in dotted:
        assert f"| `{name}` |" in nodes, name


def test_the_pieces_of_parameter_files_are_yaml() -> None:
    pieces = re.findall(r"(?:^    .*\n)+", PAGE, re.M)
    files = [yaml.safe_load(piece) for piece in pieces if "ros__parameters" in piece]
    assert len(files) == 2
    assert files[0]["lifecycle_manager_reobj"]["ros__parameters"]["bond_timeout"] == 0.0
    assert files[1]["/**"]["ros__parameters"]["qos_overrides"]
