"""Networks that can be put down and taken up again, so that their memory is free meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from reobj.detection.base import Detector
from reobj.detection.batches import detect_all
from reobj.detection.carrying.optical_flow import Flow, Image, OpticalFlow
from reobj.encoding.base import Encoder
from reobj.types import Embeddings, Frame, Instances, ModelId

Network = TypeVar("Network")


class Held(Generic[Network]):
    """One network for several threads in turn, made when it is needed.

    Args:
        make: makes it; called at once, so that what is wrong is known at the start.
    """

    def __init__(self, make: Callable[[], Network]) -> None:
        self._make, self.lock = make, threading.RLock()
        self._network: Network | None = make()

    def get(self) -> Network:
        """The network, made again where it was put down. Hold ``lock`` while it is used."""
        network = self._network
        if network is None:
            with self.lock:
                self._network = network = self._network or self._make()
        return network

    def put_down(self) -> None:
        """Forgets it. Does not wait for who uses it now, as that one may hang; it goes when they are done."""
        self._network = None


class HeldDetector(Held[Detector]):
    """A detector that can be put down."""

    def detect(self, frame: Frame) -> Instances:
        """Like the detector's."""
        return self.detect_batch([frame])[0]

    def detect_batch(self, frames: Sequence[Frame]) -> list[Instances]:
        """Like the detector's; one by one where it has none."""
        with self.lock:
            return list(detect_all(self.get(), frames, len(frames)))


class HeldEncoder(Held[Encoder]):
    """An encoder that can be put down; its model stays known."""

    def __init__(self, make: Callable[[], Encoder]) -> None:
        super().__init__(make)
        self._model = self.get().model

    @property
    def model(self) -> ModelId:
        """Which network it is."""
        return self._model

    def encode(self, frame: Frame, instances: Instances) -> Embeddings:
        """Like the encoder's, after whoever came first: a frame, or somebody's question about an image."""
        with self.lock:
            return self.get().encode(frame, instances)


class HeldFlow(Held[OpticalFlow]):
    """An optical flow that can be put down."""

    def between(self, a: Image, b: Image) -> tuple[Flow, Flow]:
        """Like the flow's."""
        with self.lock:
            return self.get().between(a, b)
