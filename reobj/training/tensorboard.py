"""Scalars for TensorBoard, where it is installed."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any


class Scalars:
    """Writes numbers by step into a folder that ``tensorboard --logdir`` shows.

    Args:
        folder: made if it is not there.
        step: the first to come; what a killed run wrote beyond it is hidden.
        active: only one process of a distributed run writes.
    """

    def __init__(self, folder: Path, step: int, active: bool) -> None:
        self._writer = _writer(folder, step) if active else None

    def add(self, step: int, **values: float) -> None:
        """Writes some numbers of a step; two underscores in a name become a slash, the group of a plot."""
        if self._writer is not None:
            for name, value in values.items():
                self._writer.add_scalar(name.replace("__", "/"), value, step)

    def close(self) -> None:
        """Writes what is left."""
        if self._writer is not None:
            self._writer.close()


def _writer(folder: Path, step: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        warnings.warn("tensorboard is not installed: no scalars are written", stacklevel=2)
        return None
    return SummaryWriter(str(folder), purge_step=step)
