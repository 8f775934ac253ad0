"""Running pipelines over a recording, without ROS."""

from __future__ import annotations

import enum
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from reobj.detection.truth import TruthBuffer
from reobj.pipeline import Pipeline
from reobj.progress import Progress, silent
from reobj.scans.base import FrameSource
from reobj.types import Frame, FrameResult, LabelImage


class Mode(str, enum.Enum):
    """Which inputs of a frame a run may use; each one only adds evidence."""

    colour = "colour"
    colour_depth = "colour_depth"
    colour_depth_pose = "colour_depth_pose"

    def limit(self, frame: Frame) -> Frame:
        """The frame without what this mode does not use."""
        depth = frame.depth if self is not Mode.colour else None
        pose = frame.pose if self is Mode.colour_depth_pose else None
        return replace(frame, depth=depth, pose=pose)


@dataclass(frozen=True, slots=True)
class Run:
    """A pipeline, and what it may see."""

    pipeline: Pipeline
    mode: Mode = Mode.colour_depth_pose


@dataclass(frozen=True, slots=True)
class Moment:
    """One frame of the recording, and what each run says of it."""

    frame: Frame
    truth: LabelImage | None
    results: Mapping[str, FrameResult]


def run_offline(
    source: FrameSource,
    runs: Mapping[str, Run],
    truth_buffer: TruthBuffer,
    progress: Progress = silent,
    limit: int | None = None,
) -> Iterator[Moment]:
    """Takes every frame through all runs, in the order of time.

    Args:
        source: the recording.
        runs: by name; those that share a detector and an encoder compute them once per frame.
        truth_buffer: where the label-image detector of the runs looks.
        progress: called after each frame.
        limit: number of frames at most; None = all.

    Raises:
        ReobjError: the recording is damaged at the present frame, or a stage cannot process it.
    """
    total = len(source) if limit is None else min(limit, len(source))
    if total == 0:
        return
    for done, (frame, truth) in enumerate(source, start=1):
        if truth is not None:
            truth_buffer.put(frame.stamp_ns, truth)
        results = {name: run.pipeline.step(run.mode.limit(frame)) for name, run in runs.items()}
        yield Moment(frame, truth, results)
        progress(done, total)
        if done >= total:
            return


def frame_rate(source: FrameSource, default_hz: float = 10.0) -> float:
    """Images per second of a recording, from its first two stamps."""
    stamps = [frame.stamp_ns for frame, _ in itertools.islice(source, 2)]
    return 1e9 / (stamps[1] - stamps[0]) if len(stamps) == 2 and stamps[1] > stamps[0] else default_hz
