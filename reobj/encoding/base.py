"""What every encoder promises."""

from __future__ import annotations

from typing import Protocol

from reobj.types import Embeddings, Frame, Instances, ModelId


class Encoder(Protocol):
    """Turns each instance, together with its background, into one embedding."""

    @property
    def model(self) -> ModelId:
        """Which network this is; embeddings of different models never meet."""
        ...

    def encode(self, frame: Frame, instances: Instances) -> Embeddings:
        """One embedding per instance, in the same order; (0, D) without instances.

        Raises:
            InputError: the masks have another size than the frame.
        """
        ...
