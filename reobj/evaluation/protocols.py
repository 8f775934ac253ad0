"""The questions that the papers ask of an encoder: which views ask, and among which views they look.

How the question is asked decides the number. *Cross-scene* is mostly a question of class and style;
*same-scene same-class* is the one of near-identical chairs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, mismatch
from reobj.evaluation.retrieval_index import Block, RetrievalIndex
from reobj.evaluation.retrieval_views import Views

MIN_GAP = 50  #: frames; views of one object are further apart (the protocol of CLOVER)
STRUCTURE = ("wall", "floor")  #: classes that are no objects (the same)


def select_views(
    views: Views, min_gap: int = MIN_GAP, excluded: Collection[str] = STRUCTURE
) -> NDArray[np.int64]:
    """The views that may ask and answer, the same for every protocol.

    Of each object the earliest view stays, then each next one *more* than ``min_gap`` frames after the
    last that stayed; objects that have one view left ask nothing and are dropped altogether.

    Args:
        views: of all scenes.
        min_gap: frames, >= 0. Raising it makes every question harder and leaves fewer of them.
        excluded: labels that are left out.

    Returns:
        (K,) int64 rows, ascending.

    Raises:
        InputError: a negative gap.
    """
    if min_gap < 0:
        raise InputError(mismatch("min_gap", "a number of frames >= 0", min_gap))
    asked = np.array([name not in excluded for name in views.label_names], bool)
    rows = np.flatnonzero(asked[views.labels]) if len(views) else np.zeros(0, np.int64)
    identities = views.identities()
    kept = _thinned(rows, identities[rows], views.frames[rows], min_gap)
    return kept[np.bincount(identities[kept])[identities[kept]] > 1] if len(kept) else kept


def cross_scene(views: Views, rows: NDArray[np.int64]) -> RetrievalIndex:
    """Every view of ``rows`` against all others, of all scenes and classes.

    Raises:
        InputError: rows of other views.
    """
    views.check_rows(rows)
    return RetrievalIndex("cross-scene", (Block.single(rows, rows),) if len(rows) else ())


def same_scene_same_class(views: Views, rows: NDArray[np.int64]) -> RetrievalIndex:
    """Every view of ``rows`` against the others of its class in its scene.

    A class with only one object in a scene asks nothing, as no answer could be wrong; it is left out.

    Raises:
        InputError: rows of other views.
    """
    views.check_rows(rows)
    identities = views.identities()
    groups = views.scenes[rows] * max(len(views.label_names), 1) + views.labels[rows]
    blocks = [
        Block.single(members, members)
        for members in _split(rows, groups)
        if len(np.unique(identities[members])) > 1
    ]
    return RetrievalIndex("same-scene same-class", tuple(blocks))


def multiple_query(views: Views, index: RetrievalIndex) -> RetrievalIndex:
    """The same galleries, asked once per object by the earlier half of its views together.

    The embeddings of the n // 2 earliest views of an object are averaged into one query, as in
    Market-1501 (Zheng et al. 2015); the later ones are its positives. Objects with one view ask nothing.
    """
    identities = views.identities()
    blocks = (_pooled(views, identities, block) for block in index.blocks)
    return RetrievalIndex(f"{index.protocol}, multiple query", tuple(b for b in blocks if len(b.queries)))


def _thinned(
    rows: NDArray[np.int64], identities: NDArray[np.int64], frames: NDArray[np.int64], min_gap: int
) -> NDArray[np.int64]:
    """Rows with views of one object more than ``min_gap`` frames apart, the earliest first."""
    if not len(rows):
        return rows
    # One axis for all objects, with more than min_gap of room between them: one walk serves them all.
    room = int(np.ptp(frames)) + min_gap + 1
    position = np.unique(identities, return_inverse=True)[1] * room + (frames - frames.min())
    order = np.argsort(position, kind="stable")
    position = position[order]
    following = np.searchsorted(position, position + min_gap, side="right").tolist()
    kept, at = [], 0
    while at < len(following):
        kept.append(at)
        at = following[at]
    return np.sort(rows[order[kept]])


def _split(rows: NDArray[np.int64], groups: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """The rows of each group, in ascending order of group."""
    order = np.argsort(groups, kind="stable")
    starts = np.unique(groups[order], return_index=True)[1]
    return (part for part in np.split(rows[order], starts[1:]) if len(part))


def _pooled(views: Views, identities: NDArray[np.int64], block: Block) -> Block:
    """The block with the earlier half of each object's queries as one query."""
    queries = block.queries[np.lexsort((views.frames[block.queries], identities[block.queries]))]
    parts = [members[: len(members) // 2] for members in _split(queries, identities[queries])]
    parts = [part for part in parts if len(part)]
    pools = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    return Block(np.concatenate(parts) if parts else queries[:0], pools, block.gallery)
