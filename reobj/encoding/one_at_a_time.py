"""An encoder for several threads."""

from __future__ import annotations

import threading

from reobj.encoding.base import Encoder
from reobj.types import Embeddings, Frame, Instances, ModelId


class OneAtATime:
    """Lets several threads use an encoder in turn: a frame and somebody's question about an image.

    Args:
        encoder: that is for one thread at a time, as all of reobj are.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder, self._lock = encoder, threading.Lock()

    @property
    def model(self) -> ModelId:
        """That of the wrapped encoder."""
        return self._encoder.model

    def encode(self, frame: Frame, instances: Instances) -> Embeddings:
        """Like the wrapped encoder's, after whoever came first."""
        with self._lock:
            return self._encoder.encode(frame, instances)
