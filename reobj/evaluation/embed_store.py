"""Stored views as the table that retrieval is asked about, with the embeddings of a network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from reobj.encoding.model_spec import ModelSpec
from reobj.errors import InputError, mismatch
from reobj.evaluation.memory import check_memory
from reobj.evaluation.retrieval_views import Views
from reobj.progress import Progress, silent
from reobj.views.loading import load_crops
from reobj.views.store import ViewStore
from reobj.views.table import ViewTable


def views_of(table: ViewTable) -> Views:
    """The same views for retrieval, with empty embeddings (N, 0): enough to choose the questions."""
    known = bool(np.isfinite(table.directions).all(axis=1).any())
    return Views(
        instances=table.instances,
        scenes=table.scenes,
        labels=table.labels,
        frames=table.frames,
        stamps_ns=table.stamps_ns,
        embeddings=np.zeros((len(table), 0), np.float32),
        scene_names=table.scene_names,
        label_names=table.label_names,
        directions=table.directions if known else None,
    )


def embed_views(
    network: nn.Module,
    spec: ModelSpec,
    store: ViewStore,
    rows: NDArray[np.int64],
    device: torch.device,
    *,
    batch_size: int = 64,
    workers: int = 0,
    progress: Progress = silent,
) -> Views:
    """The views of ``rows``, in that order, with their embeddings.

    Args:
        network: maps Crops to (N, D); is moved to the device and left as it was otherwise.
        spec: what its crops show.
        store: of the views.
        rows: (K,) of the store.
        device: to compute on.
        batch_size: views at a time; more takes more memory.
        workers: processes or threads that read ahead, as ``load_crops`` has them.
        progress: counts views.

    Raises:
        InputError: the crops need more context than is stored, the network gives NaN or infinity, or the
            embeddings do not fit into memory.
        ViewsError: a view cannot be read.
    """
    views = views_of(store.table.only(rows))
    dim = int(network.dim)  # type: ignore[arg-type]
    # twice: they are copied when they are asked
    check_memory(
        2 * len(rows) * dim * 4,
        f"embeddings of {len(rows)} views of {dim} numbers each",
        "take fewer scenes, or only every so many frames (--every), or a network with shorter embeddings",
    )
    data = np.empty((len(rows), dim), np.float32)
    done = 0
    with _evaluating(network.to(device)), torch.inference_mode():
        batches = load_crops(store, rows, spec.context, spec.crop_size, device, batch_size, workers)
        for some, crops in batches:
            data[done : done + len(some)] = network(crops).float().cpu().numpy()
            done += len(some)
            progress(done, len(rows))
    if not np.isfinite(data).all():
        count = int((~np.isfinite(data)).any(axis=1).sum())
        raise InputError(mismatch(f"embeddings of {spec.network}", "finite values", f"NaN in {count} rows"))
    return replace(views, embeddings=data)


@contextmanager
def _evaluating(network: nn.Module) -> Iterator[None]:
    """Batch norm and dropout as after training, while the block runs."""
    training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(training)
