"""What decides which views a folder holds, and what they show."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reobj.encoding.context import ContextSpec
from reobj.errors import InputError, mismatch
from reobj.evaluation.protocols import STRUCTURE
from reobj.settings import from_mapping

#: Wide enough to choose between the papers' 10 pixels and three times the box when training begins.
STORED_CONTEXT = ContextSpec(ratio=3.0, square=True)


@dataclass(frozen=True, slots=True)
class ViewSettings:
    """Two builds with equal settings over the same scans give the same bytes.

    Attributes:
        context: what is stored around each box; no crop may show more. More takes more disk, by its square.
        max_side: pixels; a larger image is shrunk to it, a smaller one is never enlarged.
        min_side: pixels; boxes with a shorter side, and masks of fewer pixels than half its square, say too
            little.
        every: every so many frames of a recording, from its first.
        exclude: labels that are no objects.
        quality: of the JPEG images, 1 to 100.
        min_iou: a detection is valid if its box overlaps a true one of its label by more (re-OBJ,
            Bansal et al. 2019, section 4: 60%). Not looked at with true masks.
        detector: name and options, as the section ``detector`` of a pipeline's configuration; None takes
            the true masks.
    """

    context: ContextSpec = STORED_CONTEXT
    max_side: int = 320
    min_side: int = 12
    every: int = 1
    exclude: tuple[str, ...] = (*STRUCTURE, "ceiling")
    quality: int = 92
    min_iou: float = 0.6
    detector: Mapping[str, Any] | None = field(default=None, hash=False)

    def __post_init__(self) -> None:
        for name in ("max_side", "min_side", "every"):
            if getattr(self, name) < 1:
                raise InputError(mismatch(name, "an integer >= 1", getattr(self, name)))
        if not 1 <= self.quality <= 100:
            raise InputError(mismatch("quality", "an integer from 1 to 100", self.quality))
        if not 0 <= self.min_iou < 1:
            raise InputError(mismatch("min_iou", "a number in [0, 1)", self.min_iou))

    def mapping(self) -> dict[str, Any]:
        """As plain data for JSON."""
        return {f.name: _plain(getattr(self, f.name)) for f in dataclasses.fields(self)}

    @classmethod
    def from_mapping(cls, data: object, path: str) -> ViewSettings:
        """The inverse of ``mapping``.

        Raises:
            ConfigError: an unknown key, another type or value; the message begins with ``path``.
        """
        rest = dict(data) if isinstance(data, Mapping) else data
        detector = rest.pop("detector", None) if isinstance(rest, dict) else None
        return dataclasses.replace(from_mapping(cls, rest, path), detector=detector)


def _plain(value: Any) -> Any:
    """Dataclasses and tuples as JSON has them."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return list(value) if isinstance(value, tuple) else value
