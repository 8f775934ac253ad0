"""What all tests share."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# The same examples in each run, however slow: what fails on one machine fails on all of them.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.load_profile("repeatable")

# Two cores are shared by the tests and the nodes that they start; more threads only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "2")


@pytest.fixture
def tiny_model(tmp_path: Path) -> Callable[..., Any]:
    """Writes an untrained `small` network of a few hundred weights, and gives its card.

    ``tiny_model(folder, name=..., seed=..., calibration=..., half=..., **options)``; the folder is below
    ``tmp_path`` when it is relative.
    """
    from reobj.encoding.context import ContextSpec
    from reobj.encoding.model_file import save_model
    from reobj.encoding.model_spec import ModelSpec, build_network
    from reobj.encoding.network_small import SmallConfig

    tiny = {"widths": (4, 8), "blocks": (1,), "layout_channels": 2, "layout_grid": 2, "dim": 12}

    def save(
        folder: Path | str = "tiny",
        name: str = "tiny",
        seed: int = 0,
        calibration: Any = None,
        half: bool = False,
        **options: Any,
    ) -> Any:
        spec = ModelSpec("small", SmallConfig(**tiny | options), 32, ContextSpec(ratio=2.0, square=True))
        network = build_network(spec, seed)
        training, scores = {"steps": 0}, {"rank1": 0.5}
        return save_model(tmp_path / folder, name, spec, network, calibration, training, scores, half)

    return save


@pytest.fixture
def gated() -> Any:
    """A detector of batches that waits until it is let: ``inside`` counts its calls, ``go_on`` lets one end.

    ``batches`` are the frame ids of each call.
    """
    from reobj.types import Frame, Instances

    class Gated:
        def __init__(self) -> None:
            self.batches: list[list[str]] = []
            self.inside, self.go_on = threading.Semaphore(0), threading.Semaphore(0)

        def detect(self, frame: Frame) -> Instances:
            return self.detect_batch([frame])[0]

        def detect_batch(self, frames: Sequence[Frame]) -> list[Instances]:
            self.batches.append([one.frame_id for one in frames])
            self.inside.release()
            assert self.go_on.acquire(timeout=30)
            return [Instances.empty(one.height, one.width) for one in frames]

    return Gated()
