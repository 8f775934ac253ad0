"""What all tests share."""

from __future__ import annotations

import os

# Two cores are shared by the tests and the nodes that they start; more threads only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "2")
