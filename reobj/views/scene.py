"""The views of one scene, frame by frame: for a build, and for a node that gathers them from topics."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from reobj.types import Frame, Instances, LabelImage
from reobj.views.counts import ClassCount
from reobj.views.index import SceneOutcome
from reobj.views.selection import Selection, check_truth, select_true, select_valid
from reobj.views.settings import ViewSettings
from reobj.views.shard import SHARDS, ShardWriter
from reobj.views.storing import FrameViews, views_of_frame


class SceneViews:
    """Writes the shard of one scene in constant memory.

    ``close`` finishes it, ``abort`` leaves nothing behind; one of them has to be called. The folder
    becomes a store by ``reobj.views.index.write_index``.

    Args:
        out: folder of views.
        scene: name of the scene; a shard of that name is replaced.
        settings: which instances become views, and what of them is stored.

    Raises:
        StorageError: a refused write, here and in every method.
    """

    def __init__(self, out: Path, scene: str, settings: ViewSettings) -> None:
        self._scene, self._settings = scene, settings
        self._writer = ShardWriter(out / SHARDS, scene)
        self._frames = 0
        self._detections: Counter[str] = Counter()
        self._views: Counter[str] = Counter()
        self._instances: dict[int, str] = {}

    def add(self, number: int, frame: Frame, instances: Instances | None, truth: LabelImage) -> int:
        """Adds the views of a frame.

        Args:
            number: of the frame in its recording; ascending.
            frame: with colour.
            instances: what a detector found in it; None takes the true instances.
            truth: the true instances.

        Returns:
            How many views it gave.

        Raises:
            InputError: the truth or the masks have another size than the frame.
        """
        selection = select(frame, instances, truth, self._settings)
        return self.add_views(views_of_frame(number, frame, selection, self._settings))

    def add_views(self, views: FrameViews) -> int:
        """Adds the views of a frame that were made before; returns how many there are."""
        for row, label, (jpg, png) in zip(views.rows, views.labels, views.images, strict=True):
            self._writer.add(row, label, jpg, png)
        self._frames += 1
        self._detections += views.detections
        self._views.update(views.labels)
        self._instances |= dict(zip(views.rows["instance"].tolist(), views.labels, strict=True))
        return len(views.labels)

    def close(self, source: dict[str, object] | None = None) -> SceneOutcome:
        """Finishes the shard.

        Args:
            source: what tells this recording from another of the same name, as plain data.
        """
        instances = Counter(self._instances.values())
        counts = {
            label: ClassCount(self._detections[label], self._views[label], instances[label])
            for label in sorted(self._detections | self._views)
        }
        self._writer.finish(self._settings.mapping(), source or {}, self._frames, counts)
        return SceneOutcome(self._scene, self._views.total(), self._frames, counts)

    def abort(self) -> None:
        """Gives up; no file stays."""
        self._writer.abort()


def select(frame: Frame, instances: Instances | None, truth: LabelImage, settings: ViewSettings) -> Selection:
    """The instances of a frame that become views; of the truth itself when ``instances`` is None.

    Raises:
        InputError: the truth or the masks have another size than the frame.
    """
    check_truth(truth, frame.height, frame.width)
    return select_true(truth, settings) if instances is None else select_valid(instances, truth, settings)
