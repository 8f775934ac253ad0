"""Identities that became known later in the forward run, taken back to the frames before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from reobj.refinement.frame_masks import FrameMasks, MaskBook


def resolve_merged(book: MaskBook, identity: Callable[[int], int]) -> None:
    """Ids of objects that were merged later become those of what they were merged into.

    Args:
        book: changed.
        identity: gives the id that an id stands for now.
    """
    for number in range(len(book)):
        rows = book.rows(number)
        ids = np.array([identity(i) if i else 0 for i in rows.object_ids.tolist()], np.int64)
        if (ids != rows.object_ids).any():
            book.relabel(number, replace(rows, object_ids=_once(ids, rows)))


def _once(ids: NDArray[np.int64], rows: FrameMasks) -> NDArray[np.int64]:
    """An object is in one place of a frame: where two have its id now, the one with the higher score."""
    order = np.argsort(-rows.scores, kind="stable")
    kept = np.zeros_like(ids)
    for row in order.tolist():
        if ids[row] not in kept:
            kept[row] = ids[row]
    return kept


def fill_tracks(book: MaskBook, round_number: int) -> int:
    """Instances without an object get that of their track, as it is known at the nearest other time.

    A track begins without an object, and may be undecided for long.

    Returns:
        How many instances got one.
    """
    known: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for number in range(len(book)):
        rows = book.rows(number)
        for track_id, object_id in zip(rows.track_ids.tolist(), rows.object_ids.tolist(), strict=True):
            if track_id and object_id:
                known[track_id].append((number, object_id))
    return sum(_fill(book, number, known, round_number) for number in range(len(book)))


def _fill(book: MaskBook, number: int, known: dict[int, list[tuple[int, int]]], round_number: int) -> int:
    rows = book.rows(number)
    object_ids, rounds = rows.object_ids.copy(), rows.rounds.copy()
    for row in np.flatnonzero(object_ids == 0).tolist():
        times = known.get(int(rows.track_ids[row]), [])
        nearest = min(times, key=lambda time: abs(time[0] - number), default=(0, 0))[1]
        if nearest and nearest not in object_ids:
            object_ids[row], rounds[row] = nearest, round_number
    count = int((object_ids != rows.object_ids).sum())
    if count:
        book.relabel(number, replace(rows, object_ids=object_ids, rounds=rounds))
    return count
