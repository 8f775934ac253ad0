"""What is remembered of a living track beyond the image: its object, or the evidence for one."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from reobj.association.evidence import Queries
from reobj.association.geometry import InstanceGeometry
from reobj.association.map.diverse import insert_diverse
from reobj.association.map.map_places import fused
from reobj.association.map.object_map import ObjectMap
from reobj.association.map.views import Views
from reobj.types import Decision, DecisionKind

UNDECIDED = Decision(DecisionKind.DEFER)


class TrackRecord:
    """One track between the image and the map.

    Attributes:
        decision: the last one; UNDECIDED until the first.
        deferred: frames for which a decision was put off.
        doubts: frames in a row in which the track was not where its object is.
        labels: class names, one per frame, while it looks for its object.
        first_ns, last_ns: stamps of its first and last frame.
        last_pose: (4, 4) camera to map in its last frame, None where not known.
        geometry: fused, of one instance.
        visit_id: the visit that it is in the map; 0 until its object is known.
    """

    def __init__(
        self,
        embedding: NDArray[np.float32],
        max_views: int,
        stamp_ns: int,
        pose: NDArray[np.float64] | None = None,
    ) -> None:
        self._bank = np.repeat(embedding[None, None], max_views, axis=1)  # (1, V, D)
        self._stamps = np.full(max_views, stamp_ns, np.int64)
        self._poses = np.full((max_views, 4, 4), np.nan if pose is None else pose)
        self._count = np.ones(1, np.int64)
        self.decision = UNDECIDED
        self.deferred = 0
        self.doubts = 0
        self.labels: Counter[str] = Counter()
        self.first_ns = self.last_ns = stamp_ns
        self.last_pose = pose
        self.geometry = InstanceGeometry.unknown(1)
        self.visit_id = 0

    @property
    def object_id(self) -> int:
        return self.decision.object_id

    @property
    def views(self) -> NDArray[np.float32]:
        """(V, D) the different views so far."""
        return self._bank[0, : self._count[0]]

    @property
    def seen(self) -> Views:
        """The same with the moments and places that they were seen from."""
        count = self._count[0]
        return Views(self.views.copy(), self._stamps[:count].copy(), self._poses[:count].copy())

    def see(
        self,
        embedding: NDArray[np.float32],
        label: str,
        stamp_ns: int,
        geometry: InstanceGeometry,
        min_novelty: float,
        pose: NDArray[np.float64] | None = None,
    ) -> None:
        """Takes the instance of one frame into account."""
        where = insert_diverse(self._bank, self._count, embedding[None], min_novelty)[0]
        if where >= 0:
            self._bank[0, where] = embedding
            self._stamps[where] = stamp_ns
            self._poses[where] = np.nan if pose is None else pose
            self._count[0] = max(self._count[0], where + 1)
        self.labels[label] += 1
        self.last_ns = stamp_ns
        self.last_pose = pose
        views = np.array([max(self.labels.total() - 1, 1)], np.float64)
        self.geometry = fused(self.geometry, geometry, views, np.ones(1))


def queries(
    records: list[TrackRecord], object_map: ObjectMap, full_novelty: float, most_views: float
) -> Queries:
    """The tracks' evidence as arrays.

    Args:
        records: T tracks with at least one view.
        object_map: whose vocabulary of labels is used.
        full_novelty: cosine distance from which a further view counts fully.
        most_views: what the views of a track count for at most.
    """
    labels = [object_map.label_shares(record.labels) for record in records]
    width = len(labels[-1])  # the vocabulary grows while the labels are counted
    return Queries.of(
        [record.views for record in records],
        np.stack([np.pad(shares, (0, width - len(shares))) for shares in labels]),
        InstanceGeometry.joined([record.geometry for record in records]),
        full_novelty,
        most_views,
    )
