"""Writes config/parameters.yaml, all parameters of all nodes: python tools/parameter_file.py [--check]."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parent.parent))

from node_docs import PAGES

from reobj.detection.imperfections import ImperfectionConfig
from reobj.detection.registry import DETECTORS
from reobj.encoding.registry import ENCODERS
from reobj_ros import record_node, replay_node, trainer_node
from reobj_ros.input.inputs import INPUT_PARAMETERS
from reobj_ros.node.config_parameters import config_parameters
from reobj_ros.node.managed import LIFE
from reobj_ros.node.parameters import Parameter
from reobj_ros.stages.stages import ASSOCIATION, PROPAGATION
from reobj_ros.training.trainer_settings import STORED

FILE = Path(__file__).parent.parent / "config/parameters.yaml"

HEAD = """\
# Written by tools/parameter_file.py: every parameter of every node with its default and what it means.
# A copy with other values is a params_file; config/live.yaml is a short one. docs/nodes.md has the ranges,
# and says which of them may change while a node runs.
"""


def content() -> str:
    """The whole file."""
    stages = [page for page in PAGES if page.stages]
    rows = [row for page in stages for row in (*LIFE, *page.parameters)]
    rows += [
        row for name, entry in DETECTORS.items() for row in config_parameters("detector", entry.config())
    ]
    rows += config_parameters("detector.propagation", PROPAGATION)
    rows += config_parameters("detector.imperfections", ImperfectionConfig())
    rows += [row for entry in ENCODERS.values() for row in config_parameters("encoder", entry.config())]
    trainer = (*LIFE, *INPUT_PARAMETERS, *trainer_node.PARAMETERS, *STORED)
    return "\n".join(
        [
            HEAD,
            "# live_node, and detector_node, encoder_node and association_node alike",
            section("/**", (*rows, *ASSOCIATION)),
            section("/**/replay_node", (*LIFE, *replay_node.PARAMETERS)),
            section("/**/record_node", (*LIFE, *record_node.PARAMETERS)),
            section("/**/trainer_node", trainer),
        ]
    )


def section(node: str, rows: Iterable[Parameter]) -> str:
    """The parameters of one pattern of nodes; the first of two with one name counts."""
    unique: dict[str, Parameter] = {}
    for row in rows:
        unique.setdefault(row.name, row)
    lines = [f"    {name}: {shown(row.default)}  # {row.description}" for name, row in unique.items()]
    return "\n".join([f"{node}:", "  ros__parameters:", *lines, ""])


def shown(value: Any) -> str:
    """A value on one line of YAML, of the type that ROS reads it as."""
    return yaml.safe_dump(value, default_flow_style=True, width=10_000).removesuffix("\n...\n").strip()


def main() -> int:
    """Writes the file, or says with --check whether it is up to date."""
    if "--check" not in sys.argv:
        FILE.write_text(content())
        return 0
    up_to_date = FILE.is_file() and FILE.read_text() == content()
    if not up_to_date:
        print(f"{FILE.name} is not what the nodes' tables say: run python tools/parameter_file.py")
    return int(not up_to_date)


if __name__ == "__main__":
    sys.exit(main())
