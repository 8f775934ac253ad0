"""All visits in contiguous arrays, and whose they are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reobj.association.map.label_votes import LabelVotes
from reobj.association.map.map_places import PLACE
from reobj.association.map.visits import Visit
from reobj.association.table import Table
from reobj.errors import InputError, mismatch
from reobj.types import DecisionKind

Indices = NDArray[np.intp]


class VisitLog:
    """Visits by row, in the order of their ids; none ever leaves.

    Args:
        codes: vocabulary that the votes share with those of the objects.

    Attributes:
        table: columns of ``Visit``; ``owner`` is the row of the object.
        votes: by row.
    """

    def __init__(self, codes: dict[str, int]) -> None:
        self.votes = LabelVotes(codes)
        self.table = Table(
            {
                "id": ((), np.int64),
                "owner": ((), np.intp),
                "track": ((), np.int64),
                "kind": ((), np.int64),
                "probability": ((), np.float64),
                "first": ((), np.int64),
                "last": ((), np.int64),
                "views": ((), np.int64),
                "position": ((3,), np.float64),
                "covariance": ((3, 3), np.float64),
                "extent": ((3,), np.float64),
                "orientation": ((4,), np.float64),
                "moved": ((), np.int64),
                "last_pose": ((4, 4), np.float64),
            }
        )
        self._rows: dict[int, int] = {}
        self._of: list[list[int]] = []

    def __len__(self) -> int:
        return len(self.table)

    def new_owner(self) -> None:
        """There is one more object, without visits as yet."""
        self._of.append([])

    def open(self, visit_id: int, owner: int, votes: NDArray[np.float64], **columns: object) -> int:
        """A new visit of an object, with columns of the table. Returns its row."""
        row = self._rows[visit_id] = len(self.table)
        self._of[owner].append(row)
        self.votes.append(votes)
        self.table.append(1, id=visit_id, owner=owner, **columns)
        return row

    def has(self, visit_id: int) -> bool:
        """Whether there is a visit of that id."""
        return visit_id in self._rows

    def row(self, visit_id: int) -> int:
        """Where a visit stands. Raises InputError when there is none of that id."""
        if visit_id not in self._rows:
            raise InputError(mismatch("visit_id", "one of the visits of the map", visit_id))
        return self._rows[visit_id]

    def of(self, owner: int) -> list[int]:
        """Rows of the visits of an object, in the order of their ids."""
        return self._of[owner]

    def give(self, rows: list[int], owner: int) -> None:
        """These visits are another object's now."""
        for row in rows:
            self._of[self.table["owner"][row]].remove(row)
            self.table["owner"][row] = owner
        self._of[owner] = sorted(self._of[owner] + rows)

    def get(self, row: int, object_id: int) -> Visit:
        """A copy of one visit."""
        table = self.table
        votes = self.votes.counts(np.array([row]))[0]
        words = self.votes.words
        placed = bool(np.isfinite(table["position"][row, 0]))
        position, covariance, extent, orientation = (table[c][row].copy() if placed else None for c in PLACE)
        pose = table["last_pose"][row]
        return Visit(
            int(table["id"][row]),
            object_id,
            int(table["track"][row]),
            DecisionKind(int(table["kind"][row])),
            float(table["probability"][row]),
            int(table["first"][row]),
            int(table["last"][row]),
            int(table["views"][row]),
            {words[i]: float(votes[i]) for i in np.flatnonzero(votes).tolist()},
            position,
            covariance,
            extent,
            orientation,
            moved=bool(table["moved"][row]),
            last_pose=pose.copy() if np.isfinite(pose).all() else None,
        )
