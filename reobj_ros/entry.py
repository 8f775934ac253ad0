"""The commands of the nodes.

Light, so that Ctrl-C is answered in order from the first moment on: what a node needs, torch
above all, takes seconds to import, and launch may end everything meanwhile.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from importlib import import_module
from typing import NoReturn

NODES = {
    "detector_node": "DetectorNode",
    "encoder_node": "EncoderNode",
    "association_node": "AssociationNode",
    "live_node": "LiveNode",
    "replay_node": "ReplayNode",
    "record_node": "RecordNode",
    "trainer_node": "TrainerNode",
}
"""Module, which is also the command, and class of each node."""


def start(name: str) -> NoReturn:
    """Runs a node until it is told to stop, and ends the process with its exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(0))  # nothing is there yet that must be tidied up
    spin = import_module("reobj_ros.node.spin")
    node = getattr(import_module(f"reobj_ros.{name}"), NODES[name])
    code = spin.run(node)
    # The last references to the node are cycles; with them goes what DDS holds of shared memory, 36 MB, which
    # nobody else gives back.
    gc.collect()
    sys.stdout.flush()
    sys.stderr.flush()
    # The node is gone by now. A worker that is still inside torch would crash the interpreter's own way out.
    os._exit(code)


def detector_node() -> NoReturn:
    """Images in, instance masks out."""
    start("detector_node")


def encoder_node() -> NoReturn:
    """Images and masks in, embeddings out."""
    start("encoder_node")


def association_node() -> NoReturn:
    """Embeddings, masks, depth and pose in; object ids out."""
    start("association_node")


def live_node() -> NoReturn:
    """All stages in one process."""
    start("live_node")


def replay_node() -> NoReturn:
    """A bag to topics."""
    start("replay_node")


def record_node() -> NoReturn:
    """The results into a bag."""
    start("record_node")


def trainer_node() -> NoReturn:
    """Views from bags or topics to a trained model."""
    start("trainer_node")
