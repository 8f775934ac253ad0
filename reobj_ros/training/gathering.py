"""Views from frames as they come: the shards of ``reobj.views``, one per recording that is played."""

from __future__ import annotations

import threading
from pathlib import Path

from reobj.errors import ConfigError, InputError, StorageError, mismatch
from reobj.types import Frame, Instances, LabelImage
from reobj.views.index import INDEX, SceneOutcome, write_index
from reobj.views.scene import SceneViews
from reobj.views.settings import ViewSettings
from reobj_ros.input.truth_input import NAMES_TOPIC
from reobj_ros.training.played_bags import PlayedBags


class Gatherer:
    """Writes the views of frames in constant memory. One thread may add while another one finishes.

    Args:
        folder: of the views.
        settings: which instances become views, and what of them is stored.

    Attributes:
        frames: how many came that were not played before.
        views: how many they gave.

    Raises:
        ConfigError: the folder has views already.
    """

    def __init__(self, folder: Path, settings: ViewSettings) -> None:
        if (folder / INDEX).exists():
            raise ConfigError(
                f"{folder} has views already: set resume to train on them, or choose another output"
            )
        self._folder, self._settings = folder, settings
        self._played = PlayedBags()
        self._lock = threading.Lock()
        self._open = True
        self._scene: SceneViews | None = None
        self._done: list[SceneOutcome] = []
        self._number = -1  # of the present recording
        self._frame = -1  # the last one within it
        self.frames = 0
        self.views = 0

    def add(self, frame: Frame, instances: Instances | None, truth: LabelImage) -> None:
        """Adds the views of a frame; one that was played before, or comes after the end, is left out.

        Args:
            frame: with colour; in the order of time within its recording.
            instances: what a detector found in it; None takes the true instances.
            truth: the true instances.

        Raises:
            InputError: the truth or the masks have another size than the frame, or the names are missing.
            StorageError: a write was refused. What was finished before is kept, nothing is added any more.
        """
        if not truth.labels:
            expected = f"those of the instances on {NAMES_TOPIC}"
            raise InputError(mismatch("label names", expected, "none so far"))
        with self._lock:
            number = self._played.number(frame.stamp_ns, truth.labels) if self._open else None
            if number is None:
                return
            try:
                self._add(number, frame, instances, truth)
            except StorageError:
                self._give_up()
                raise

    def finish(self) -> Path:
        """Ends the last shard, writes the index and gives the folder; what comes later is left out.

        Raises:
            InputError: there are no views.
            StorageError: a write was refused.
        """
        with self._lock:
            self._open = False
            self._close()
            if not self._done:
                raise InputError(mismatch("views from topics", "at least one", "none"))
            write_index(self._folder, self._settings, self._done)
        return self._folder

    def _add(self, number: int, frame: Frame, instances: Instances | None, truth: LabelImage) -> None:
        if number != self._number:
            self._close()
            self._number, self._frame = number, -1
            self._scene = SceneViews(self._folder, f"recording_{number:03d}", self._settings)
        self._frame += 1
        self.frames += 1
        if self._scene is not None and self._frame % self._settings.every == 0:
            self.views += self._scene.add(self._frame, frame, instances, truth)

    def _close(self) -> None:
        """Ends the present shard; one without views is not kept."""
        scene, self._scene = self._scene, None
        if scene is None:
            return
        if self.views == self._kept:
            scene.abort()
        else:
            self._done.append(scene.close())

    def _give_up(self) -> None:
        scene, self._scene = self._scene, None
        self._open = False
        if scene is not None:
            scene.abort()
        self.views = self._kept

    @property
    def _kept(self) -> int:
        return sum(scene.views for scene in self._done)
