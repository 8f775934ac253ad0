"""Who was seen together with whom: two instances in one frame are never the same object."""

from __future__ import annotations


class CoVisibility:
    """For each living track, the objects that it cannot be, because both were in one frame.

    It also remembers which tracks met, so that it counts when one of them turns out to be an
    object only later. The work of a frame is in what came into view, not in what stays there.

    Args:
        frames: a track counts from so many frames in a row on: a mask that falls apart in a frame or
            two must not keep an object from itself for ever.

    Attributes:
        frames: may be changed at any time.
    """

    def __init__(self, frames: int = 1) -> None:
        self.frames = frames
        self._streaks: dict[int, int] = {}
        self._visible: frozenset[int] = frozenset()
        self._met_tracks: dict[int, set[int]] = {}
        self._met_objects: dict[int, set[int]] = {}
        self._held: dict[int, int] = {}

    def observe(self, visible: frozenset[int]) -> frozenset[int]:
        """Takes the confirmed tracks of a frame; returns those that count from this one on."""
        self._streaks = {track: self._streaks.get(track, 0) + 1 for track in visible}
        visible = frozenset(track for track, streak in self._streaks.items() if streak >= self.frames)
        arrived = visible - self._visible
        self._visible = visible
        for track in arrived:
            others = visible - {track}
            self._met_tracks.setdefault(track, set()).update(others)
            self._met_objects.setdefault(track, set()).update(self._objects_of(others))
        if arrived:
            new_objects = self._objects_of(arrived)
            for track in visible - arrived:
                self._met_tracks[track] |= arrived
                self._met_objects[track] |= new_objects
        return arrived

    def hold(self, track: int, object_id: int) -> None:
        """From now on the track is this object, and so it was when it met the others."""
        self._held[track] = object_id
        for other in self._met_tracks.get(track, ()):
            if other in self._met_objects:
                self._met_objects[other].add(object_id)

    def met(self, track: int) -> frozenset[int]:
        """The objects that the track was seen together with."""
        return frozenset(self._met_objects.get(track, ()))

    def forget(self, ended: frozenset[int]) -> None:
        """Drops tracks that have ended; the others keep the objects they met through them."""
        for track in ended:
            for other in self._met_tracks.pop(track, ()):
                self._met_tracks.get(other, set()).discard(track)
            self._met_objects.pop(track, None)
            self._held.pop(track, None)
        self._visible -= ended

    def _objects_of(self, tracks: frozenset[int]) -> set[int]:
        return {self._held[track] for track in tracks if track in self._held}
