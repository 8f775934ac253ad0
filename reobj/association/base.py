"""What every associator promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from reobj.types import Embeddings, Event, Frame, Instances, TrackedObject


@dataclass(frozen=True, slots=True)
class Association:
    """Identities in one frame, and what happened to the map because of it."""

    objects: tuple[TrackedObject, ...]
    events: tuple[Event, ...] = ()


class Associator(Protocol):
    """Says which object each instance is. Keeps its state between frames."""

    def update(self, frame: Frame, instances: Instances, embeddings: Embeddings) -> Association:
        """Takes every frame in the order of time, empty ones too, so that tracks age.

        A stamp more than 0.25 s before the last one (a looped bag) clears the short-term state and
        keeps the map; a frame that was overtaken by less gets no answer and changes nothing.
        Never looks at ``frame.colour``.

        Raises:
            InputError: counts or models disagree; the state is unchanged.
        """
        ...

    def reset(self) -> None:
        """Forgets everything, the map too."""
        ...
