"""What a process of reobj sets in its environment before torch is imported."""

from __future__ import annotations

PATIENT = {"OMP_WAIT_POLICY": "passive"}
"""OpenMP's threads sleep while they wait. By default they spin, and where another process wants the
same cores, as on a robot, each small operation then waits for a time slice: measured on two busy
cores, an encoder call of 19 ms took 62 ms in the median and 870 ms at worst."""
