"""What the processes of reobj set in their environment before anything else is imported."""

from __future__ import annotations

import os
from pathlib import Path

PATIENT = {"OMP_WAIT_POLICY": "passive"}
"""OpenMP's threads sleep while they wait. By default they spin, and where another process wants the
same cores, as on a robot, each small operation then waits for a time slice: measured on two busy
cores, an encoder call of 19 ms took 62 ms in the median and 870 ms at worst."""

FAST_DDS = dict.fromkeys(
    ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE"),  # Kilted and later, Humble and Jazzy
    str(Path(__file__).with_name("fastdds.xml")),
)
"""Shared memory for whole images; see the file. Measured between two processes, colour and depth of
640x480: 9 ms from publishing a frame to hearing its objects, against more than 200 ms without."""


def node_environment() -> dict[str, str]:
    """The variables for the process of a node; what the user has set stays."""
    return {key: os.environ.get(key, value) for key, value in (PATIENT | FAST_DDS).items()}
