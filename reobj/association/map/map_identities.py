"""What ids of objects stand for after merges, and which objects are never the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping


class Identities:
    """Redirects of merged ids, and cannot-link pairs by the ids that objects had when they were seen.

    As pairs are never rewritten, whoever is merged into another object takes its pairs along, and
    takes them back when the merge is undone.
    """

    def __init__(self) -> None:
        self._redirects: dict[int, int] = {}
        self._absorbed: dict[int, set[int]] = {}
        self._links: dict[int, set[int]] = {}

    @property
    def redirects(self) -> Mapping[int, int]:
        """Merged id to the id that it was merged into, which may be a merged one itself."""
        return self._redirects

    def resolve(self, object_id: int) -> int:
        """The id that this one stands for now; itself where it was not merged."""
        while object_id in self._redirects:
            object_id = self._redirects[object_id]
        return object_id

    def redirect(self, old: int, new: int) -> None:
        """From now on the old id stands for the new one."""
        self._redirects[old] = new
        self._absorbed.setdefault(new, set()).add(old)

    def release(self, old: int) -> None:
        """The id stands for itself again."""
        self._absorbed[self._redirects.pop(old)].discard(old)

    def link(self, a: int, b: int) -> bool:
        """The two are never the same. Returns whether that is news."""
        known = self._links.setdefault(a, set())
        if b in known:
            return False
        known.add(b)
        self._links.setdefault(b, set()).add(a)
        return True

    def linked(self, object_id: int) -> set[int]:
        """The ids, resolved, that are never the same as this one, with all that it absorbed."""
        found = set[int]().union(*(self._links.get(each, ()) for each in self._all_of(object_id)))
        if self._redirects:
            found = {self.resolve(other) for other in found}
        found.discard(object_id)
        return found

    def pairs(self) -> Iterator[tuple[int, int]]:
        """All pairs, the smaller id first."""
        return ((a, b) for a, others in self._links.items() for b in others if a < b)

    def _all_of(self, object_id: int) -> Iterator[int]:
        yield object_id
        for old in self._absorbed.get(object_id, ()):
            yield from self._all_of(old)
