"""What the processes of reobj set in their environment before anything else is imported."""

from __future__ import annotations

import os
from pathlib import Path

PATIENT = {"OMP_WAIT_POLICY": "passive"}
"""OpenMP's threads sleep while they wait. By default they spin, and where another process wants the
same cores, as on a robot, each small operation then waits for a time slice: measured on two busy
cores, an encoder call of 19 ms took 62 ms in the median and 870 ms at worst."""

PROFILES = str(Path(__file__).with_name("fastdds.xml"))
"""Shared memory for whole images; see the file. Measured between two processes, colour and depth of
640x480: 9 ms from publishing a frame to hearing its objects, against more than 200 ms without."""

OLD_NAME, NEW_NAME = "FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE"
OLD_NAME_IN = ("humble", "jazzy")  # from Kilted on each process that finds the old name warns of it


def fast_dds() -> dict[str, str]:
    """The variable that leads Fast DDS to PROFILES; none where the user has set one."""
    if OLD_NAME in os.environ or NEW_NAME in os.environ:
        return {}
    return {OLD_NAME if os.environ.get("ROS_DISTRO") in OLD_NAME_IN else NEW_NAME: PROFILES}


def node_environment() -> dict[str, str]:
    """The variables for the process of a node; what the user has set stays."""
    return {key: value for key, value in PATIENT.items() if key not in os.environ} | fast_dds()
