"""Which true object an id of the map stands for, by what it was given to."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable


class IdTally:
    """Counts the frames in which each id was given to each true object.

    Memory grows with the number of ids, not with the number of frames.
    """

    def __init__(self) -> None:
        self._frames: dict[int, Counter[int]] = defaultdict(Counter)

    def add(self, given: Iterable[tuple[int, int]]) -> None:
        """Counts one frame.

        Args:
            given: pairs of object id (> 0) and true id; true id 0 when the instance shows no true object.
        """
        for object_id, true_id in given:
            self._frames[object_id][true_id] += 1

    def merge(self, kept: int, absorbed: Iterable[int]) -> None:
        """From now on the absorbed ids are the kept one; what was given under them counts for it."""
        for object_id in absorbed:
            self._frames[kept].update(self._frames.pop(object_id, Counter()))

    def table(self) -> dict[int, Counter[int]]:
        """Frames by object id and true id (0 for no true object); not to be written to."""
        return self._frames

    def __len__(self) -> int:
        """Number of distinct ids."""
        return len(self._frames)

    def owner(self, object_id: int) -> int:
        """The true object that carried the id in most frames, the earlier one of equals; 0 if none did."""
        frames = self._frames.get(object_id, Counter())
        true_ids = [true_id for true_id in frames if true_id > 0]
        return max(true_ids, key=frames.__getitem__, default=0)

    def duplicates(self) -> int:
        """Ids beyond the first of each true object; ids that never showed a true object are not counted."""
        owners = Counter(self.owner(object_id) for object_id in self._frames)
        return sum(count - 1 for true_id, count in owners.items() if true_id > 0)
