"""What a process needs and holds, for diagnostics: memory, the map and its file."""

from __future__ import annotations

import os
import time
from pathlib import Path

import torch

from reobj.association.map.map_keeper import MapKeeper

MB = 1e6


def memory(device: str) -> dict[str, float]:
    """Megabytes that the process holds, and of the GPU that it computes on.

    Args:
        device: of the networks, as "cpu" or "cuda:0"; empty where there are none.
    """
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    found = {"memory_mb": pages * os.sysconf("SC_PAGE_SIZE") / MB}
    if device.startswith("cuda"):
        found["gpu_memory_mb"] = torch.cuda.memory_allocated(device) / MB
        found["gpu_reserved_mb"] = torch.cuda.memory_reserved(device) / MB
    return found


def idle_gpu(device: str) -> str:
    """A sentence where the networks run on the CPU although there is a GPU, else nothing."""
    if device.startswith("cpu") and torch.cuda.is_available():
        return "running on the CPU although a GPU is there: set the parameter device to auto or cuda"
    return ""


def map_size(keeper: MapKeeper, views: int) -> dict[str, float]:
    """Objects and views of a map; bytes of its file, and seconds since it was last written to.

    Args:
        keeper: of the map.
        views: frames in which its objects were seen, summed over them.
    """
    found: dict[str, float] = {"map_objects": len(keeper.object_map), "map_views": views}
    path = keeper.path
    if path is None:
        return found
    # What was written last is in the write-ahead log beside the file.
    parts = [part for part in (path, path.with_name(f"{path.name}-wal")) if part.exists()]
    if parts:
        states = [part.stat() for part in parts]
        found["map_file_bytes"] = sum(state.st_size for state in states)
        found["map_written_s_ago"] = max(0.0, time.time() - max(state.st_mtime for state in states))
    return found
