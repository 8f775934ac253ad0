from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from reobj.association.base import Association
from reobj.detection.truth import TruthBuffer
from reobj.offline import Mode, Run, frame_rate, run_offline
from reobj.pipeline import Pipeline
from reobj.types import Embeddings, Frame, Instances, Intrinsics, LabelImage, ModelId


class Recording:
    """A few grey frames at 5 Hz, with depth, pose and truth."""

    name = "recording"
    has_truth = True

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[tuple[Frame, LabelImage | None]]:
        for index in range(self._count):
            frame = Frame(
                np.zeros((4, 6, 3), np.uint8),
                index * 200_000_000,
                depth=np.ones((4, 6), np.float32),
                intrinsics=Intrinsics(5, 5, 3, 2, 6, 4),
                pose=np.eye(4),
            )
            yield frame, LabelImage(np.full((4, 6), index + 1, np.uint16), {})


class Watcher:
    """All three stages; remembers the frames that it was shown."""

    model = ModelId("m", "h", 1)

    def __init__(self) -> None:
        self.frames: list[Frame] = []

    def detect(self, frame: Frame) -> Instances:
        return Instances.empty(frame.height, frame.width)

    def encode(self, frame: Frame, instances: Instances) -> Embeddings:
        return Embeddings(np.zeros((0, 1), np.float32), self.model)

    def update(self, frame: Frame, instances: Instances, embeddings: Embeddings) -> Association:
        self.frames.append(frame)
        return Association(())

    def reset(self) -> None:
        self.frames.clear()


@pytest.mark.parametrize(
    ("mode", "depth", "pose"),
    [(Mode.colour, False, False), (Mode.colour_depth, True, False), (Mode.colour_depth_pose, True, True)],
)
def test_a_run_sees_only_what_its_mode_allows(mode: Mode, depth: bool, pose: bool) -> None:
    watcher = Watcher()
    run = Run(Pipeline(watcher, watcher, watcher), mode)
    list(run_offline(Recording(2), {"run": run}, TruthBuffer()))
    assert [(f.depth is not None, f.pose is not None) for f in watcher.frames] == [(depth, pose)] * 2


def test_every_run_sees_every_frame_and_the_truth_goes_where_the_detector_looks() -> None:
    watchers, truth = {"a": Watcher(), "b": Watcher()}, TruthBuffer()
    runs = {name: Run(Pipeline(w, w, w)) for name, w in watchers.items()}
    moments = list(run_offline(Recording(3), runs, truth))
    assert [set(moment.results) for moment in moments] == [{"a", "b"}] * 3
    assert [len(w.frames) for w in watchers.values()] == [3, 3]
    assert truth(400_000_000).ids[0, 0] == 3


def test_progress_and_limit() -> None:
    watcher, seen = Watcher(), []
    run = Run(Pipeline(watcher, watcher, watcher))
    list(run_offline(Recording(5), {"run": run}, TruthBuffer(), lambda *args: seen.append(args), limit=2))
    assert seen == [(1, 2), (2, 2)]


def test_the_frame_rate_comes_from_the_stamps() -> None:
    assert frame_rate(Recording(3)) == pytest.approx(5.0)
    assert frame_rate(Recording(1), default_hz=12.0) == 12.0
