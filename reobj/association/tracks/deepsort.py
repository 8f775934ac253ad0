"""Tracks alone as an associator: the baseline, in which each track is an object of its own."""

from __future__ import annotations

from reobj.association.base import Association
from reobj.association.tracks.tracker import Tracker
from reobj.association.tracks.tracker_config import TrackerConfig
from reobj.errors import InputError, mismatch
from reobj.types import (
    Decision,
    DecisionKind,
    Embeddings,
    Event,
    EventKind,
    Frame,
    Instances,
    ModelId,
    TrackedObject,
    TrackState,
)


def deepsort_associator(config: TrackerConfig | None = None) -> TrackAssociator:
    """DeepSORT as its paper configures it, or with another configuration (e.g. a longer memory)."""
    return TrackAssociator(config or TrackerConfig.deepsort_paper())


class TrackAssociator:
    """Gives each confirmed track its track id as object id; a track that ended never comes back."""

    def __init__(self, config: TrackerConfig) -> None:
        self._tracker = Tracker(config)
        self._model: ModelId | None = None
        self._known: set[int] = set()

    def update(self, frame: Frame, instances: Instances, embeddings: Embeddings) -> Association:
        """As ``Associator.update`` promises; depth and pose are not looked at."""
        if len(embeddings) != len(instances):
            raise InputError(mismatch("embeddings", f"{len(instances)}, one per instance", len(embeddings)))
        instances.check_size(frame.height, frame.width)
        if self._model is not None and embeddings.model != self._model:
            raise InputError(
                mismatch("model of the embeddings", f"{self._model} as before", embeddings.model)
            )
        self._model = embeddings.model
        tracks = self._tracker.update(frame.stamp_ns, instances, embeddings.data)
        confirmed = {t.track_id for t in tracks if t.state == TrackState.CONFIRMED}
        created = sorted(confirmed - self._known)
        self._known = (self._known & self._tracker.track_ids) | confirmed
        objects = tuple(
            TrackedObject(
                t.index,
                t.track_id,
                t.state,
                Decision(DecisionKind.NEW, t.track_id, 1.0)
                if t.track_id in confirmed
                else Decision(DecisionKind.DEFER),
            )
            for t in tracks
        )
        events = tuple(Event(EventKind.CREATED, frame.stamp_ns, (i,), i) for i in created)
        return Association(objects, events)

    def reset(self) -> None:
        """Ends all tracks and forgets the model. Ids are not used again."""
        self._tracker.reset()
        self._model = None
        self._known = set()
