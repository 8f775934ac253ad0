"""Small tables of views for the tests of retrieval."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reobj.evaluation.retrieval_views import Views

SCENES = ("a", "b")
LABELS = ("chair", "cup", "wall")


def table(
    rows: Sequence[tuple[int, int, int, int]],
    embeddings: Sequence[Sequence[float]] | NDArray[np.float32] | None = None,
    directions: Sequence[Sequence[float]] | None = None,
) -> Views:
    """Views from rows of (scene, instance, label, frame)."""
    columns = np.array(rows, np.int64).reshape(-1, 4)
    scenes, instances, labels, frames = (column.copy() for column in columns.T)
    data = np.zeros((len(columns), 1)) if embeddings is None else np.asarray(embeddings)
    towards = None if directions is None else np.array(directions, np.float32)
    stamps = frames * 33_000_000
    return Views(instances, scenes, labels, frames, stamps, data.astype(np.float32), SCENES, LABELS, towards)
