"""Crops of stored views in batches, read by other processes if wanted."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from reobj.encoding.context import ContextSpec
from reobj.encoding.crops import Crops
from reobj.views.batch import collate, to_crops
from reobj.views.cutting import ViewCrop, cut_view
from reobj.views.store import ViewStore


class ViewCrops(Dataset[ViewCrop]):
    """Rows of a store as crops, not shifted and not zoomed.

    Args:
        store: where they are.
        rows: (K,) rows of its table; item i is row ``rows[i]``.
        context, size: of the crops.
    """

    def __init__(self, store: ViewStore, rows: NDArray[np.integer], context: ContextSpec, size: int) -> None:
        self._store, self._rows, self._context, self._size = store, rows, context, size

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> ViewCrop:
        return cut_view(self._store.read(int(self._rows[index])), self._context, self._size)


def load_crops(
    store: ViewStore,
    rows: NDArray[np.integer],
    context: ContextSpec,
    size: int,
    device: torch.device,
    batch_size: int = 64,
    workers: int = 0,
) -> Iterator[tuple[NDArray[np.integer], Crops]]:
    """The crops of ``rows``, batch by batch and in their order.

    Args:
        store: where they are.
        rows: (K,) rows of its table.
        context, size: of the crops.
        device: where the crops are made.
        batch_size: views at a time; more takes more memory, 24 bytes per pixel and view.
        workers: processes that read and cut ahead; 0 does it here.

    Yields:
        the rows of the batch, and their crops.

    Raises:
        InputError: a row that is not there, or a context wider than stored.
        ViewsError: the store is damaged there.
    """
    loader = DataLoader(
        ViewCrops(store, rows, context, size),
        batch_size=batch_size,
        num_workers=workers,
        collate_fn=collate,
        pin_memory=device.type == "cuda",
        worker_init_fn=single_threaded,
    )
    start = 0
    for batch in loader:
        yield rows[start : start + len(batch)], to_crops(batch, device)
        start += len(batch)


def single_threaded(_: int) -> None:
    """For the start of a worker process: as many of them as cores need no threads of OpenCV besides."""
    cv2.setNumThreads(0)
