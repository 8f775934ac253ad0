"""What changed in an object map since it was last written."""

from __future__ import annotations

from dataclasses import dataclass, field

from reobj.types import ModelId


@dataclass(slots=True)
class Journal:
    """Rows that changed; whoever changes something notes it here.

    Attributes:
        model: the first one that was used since.
        cleared: all was forgotten before the other changes.
        objects, visits: rows.
        slots: row of the object and place of the prototype.
        links: pairs of object ids.
        redirects: old id to new id, 0 where it is itself again.
    """

    model: ModelId | None = None
    cleared: bool = False
    objects: set[int] = field(default_factory=set)
    visits: set[int] = field(default_factory=set)
    slots: set[tuple[int, int]] = field(default_factory=set)
    links: list[tuple[int, int]] = field(default_factory=list)
    redirects: dict[int, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        rows = self.objects or self.visits or self.slots or self.links or self.redirects
        return bool(self.cleared or self.model or rows)
