"""Which objects each camera has in view, and as which visits."""

from __future__ import annotations

from collections.abc import Mapping

#: an object that a camera lost for less than this was not away: a mask failed, or something passed before it
_MOMENT_NS = 1_000_000_000


class Sightings:
    """Remembers for a moment what was in view. The cameras have one clock; their frames come in any order."""

    def __init__(self) -> None:
        self._seen: dict[str, dict[int, tuple[int, int]]] = {}

    def note(self, camera: str, visits: Mapping[int, int], stamp_ns: int) -> None:
        """Takes a frame.

        Args:
            camera: its name.
            visits: objects in view, each with the visit of this camera that it is in.
            stamp_ns: of the frame.
        """
        before = self._seen.get(camera, {})
        lately = {i: seen for i, seen in before.items() if stamp_ns - seen[0] < _MOMENT_NS}
        self._seen[camera] = lately | {i: (stamp_ns, visit_id) for i, visit_id in visits.items()}

    def visit_of(self, camera: str, object_id: int, stamp_ns: int) -> int:
        """The visit that an object was in a moment ago, as this camera saw it; 0 where it did not."""
        seen_ns, visit_id = self._seen.get(camera, {}).get(object_id, (0, 0))
        return visit_id if visit_id and stamp_ns - seen_ns < _MOMENT_NS else 0

    def elsewhere(self, camera: str, stamp_ns: int) -> frozenset[int]:
        """The objects that are in view of other cameras at this time."""
        others = [seen for name, seen in self._seen.items() if name != camera]
        return frozenset(
            i for seen in others for i, (at_ns, _) in seen.items() if abs(stamp_ns - at_ns) < _MOMENT_NS
        )

    def forget(self, camera: str) -> None:
        """Another run of this camera begins, whose clock may be another one."""
        self._seen.pop(camera, None)
