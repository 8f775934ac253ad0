"""``python -m reobj_ros NODE [--ros-args ...]`` runs a node where the package is not installed."""

from __future__ import annotations

import sys

from reobj_ros.entry import NODES, start

if len(sys.argv) < 2 or sys.argv[1] not in NODES:
    sys.exit(f"usage: python -m reobj_ros NODE [--ros-args ...], NODE one of {', '.join(NODES)}")
start(sys.argv[1])
