"""The views of one whole recording: what each process of a build does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from reobj.detection.batches import detect_all
from reobj.errors import BagError, InputError, ScanError, ViewsError, mismatch
from reobj.scans.base import FrameSource
from reobj.scans.decode_ahead import map_ahead
from reobj.scans.labelled import labelled_frames
from reobj.scans.opening import open_source
from reobj.types import Frame, Instances, LabelImage
from reobj.views.index import SceneOutcome
from reobj.views.recordings import fingerprint, scene_name
from reobj.views.scene import SceneViews, select
from reobj.views.settings import ViewSettings
from reobj.views.shard import SHARDS, read_shard
from reobj.views.storing import FrameViews, views_of_frame

if TYPE_CHECKING:
    from reobj.detection.base import Detector
    from reobj.detection.truth import TruthBuffer

_BATCH = 8  #: frames that a detector looks at together where it can; fills a GPU

_Item = tuple[int, Frame, LabelImage]
_Detected = tuple[int, Frame, Instances | None, LabelImage]


@dataclass(frozen=True, slots=True)
class SceneTask:
    """One recording to build.

    Attributes:
        path: of the recording, absolute.
        out: folder of views, absolute.
        settings: of the build.
        device: of a detector.
        threads: that decode frames ahead, and as many that encode views.
    """

    path: Path
    out: Path
    settings: ViewSettings
    device: str = "cpu"
    threads: int = 1

    @property
    def scene(self) -> str:
        return scene_name(self.path)


def finished_scene(task: SceneTask) -> SceneOutcome | None:
    """The outcome of an earlier build with the same settings of the same recording; None without one."""
    try:
        head = read_shard(task.out / SHARDS, task.scene).head
        same = head.settings == task.settings.mapping() and head.source == fingerprint(task.path)
    except (ViewsError, OSError):
        return None
    views = sum(count.views for count in head.counts.values())
    return SceneOutcome(task.scene, views, head.frames, head.counts, kept=True) if same else None


def build_scene(task: SceneTask) -> SceneOutcome:
    """Builds one shard. A recording that is damaged, or without truth, is an outcome with a reason.

    Raises:
        StorageError: the shard cannot be written.
        ModelError, ConfigError, DeviceError: the detector cannot be made.
    """
    try:
        source = open_source(task.path)
        if not source.has_truth:
            raise ScanError(mismatch(str(task.path), "true instances", "a recording without them"))
        outcome = _build(task, source)
    except (ScanError, BagError, InputError) as error:
        return SceneOutcome(task.scene, reason=str(error))
    return outcome


def _build(task: SceneTask, source: FrameSource) -> SceneOutcome:
    frames = _detected(task, labelled_frames(source, task.settings.every, task.threads))
    scene = SceneViews(task.out, task.scene, task.settings)
    try:
        for views in map_ahead(lambda item: _views(item, task.settings), frames, task.threads):
            scene.add_views(views)
        return scene.close(fingerprint(task.path))
    except BaseException:
        scene.abort()
        raise


def _detected(task: SceneTask, frames: Iterator[_Item]) -> Iterator[_Detected]:
    """Each frame with what the detector finds; with None where the true masks are taken."""
    if task.settings.detector is None:
        yield from ((number, frame, None, truth) for number, frame, truth in frames)
        return
    detector, buffer = _detector(task)
    while batch := list(islice(frames, _BATCH)):
        for _, frame, truth in batch:
            buffer.put(frame.stamp_ns, truth)
        found = detect_all(detector, [frame for _, frame, _ in batch], _BATCH)
        for (number, frame, truth), instances in zip(batch, found, strict=True):
            yield number, frame, instances, truth


def _detector(task: SceneTask) -> tuple[Detector, TruthBuffer]:
    """The detector, and where it looks for the truth if it needs any."""
    from reobj.config import build_detector, parse_config  # takes seconds, and true masks need none of it
    from reobj.detection.truth import TruthBuffer

    buffer = TruthBuffer()
    return build_detector(parse_config({"detector": task.settings.detector}), task.device, buffer), buffer


def _views(item: _Detected, settings: ViewSettings) -> FrameViews:
    number, frame, instances, truth = item
    return views_of_frame(number, frame, select(frame, instances, truth, settings), settings)
