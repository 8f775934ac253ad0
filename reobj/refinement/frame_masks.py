"""What is known of each frame so far: its masks, and which objects they are."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from reobj.association.geometry import InstanceGeometry, measure
from reobj.detection.masks import boxes_of, renumber
from reobj.encoding.base import Encoder
from reobj.refinement.archive import PackedImage
from reobj.types import Embeddings, Frame, Instances

Labels = NDArray[np.uint16]


@dataclass(frozen=True, slots=True, eq=False)
class FrameMasks:
    """The N instances of one frame.

    Attributes:
        label_image: (H, W) uint16, 0 = background, i = instance i - 1.
        labels: N class names.
        scores: (N,) float32 in [0, 1], the detector's.
        embeddings: (N, D) float32 unit rows.
        geometry: of the N instances.
        object_ids: (N,) int64, 0 for none (yet).
        track_ids: (N,) int64 of the forward run, 0 for none.
        confidence: (N,) float32 in [0, 1], of the mask: 1 for one that was detected or drawn, less for one
            that was carried here.
        fresh: (N,) bool, whether the mask has still to be carried to the neighbouring frames.
        rounds: (N,) int64, the round that the identity is of; 0 for the forward run.
    """

    label_image: Labels
    labels: tuple[str, ...]
    scores: NDArray[np.float32]
    embeddings: NDArray[np.float32]
    geometry: InstanceGeometry
    object_ids: NDArray[np.int64]
    track_ids: NDArray[np.int64]
    confidence: NDArray[np.float32]
    fresh: NDArray[np.bool_]
    rounds: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    @classmethod
    def of(
        cls,
        frame: Frame,
        instances: Instances,
        embeddings: Embeddings,
        object_ids: NDArray[np.int64],
        track_ids: NDArray[np.int64],
        round_number: int = 0,
    ) -> FrameMasks:
        """Of instances that were detected or drawn, all of them fresh."""
        n = len(instances)
        return cls(
            instances.label_image,
            instances.labels,
            instances.scores,
            embeddings.data,
            measure(frame, instances, frame.pose),
            object_ids,
            track_ids,
            np.ones(n, np.float32),
            np.ones(n, dtype=bool),
            np.full(n, round_number, np.int64),
        )

    def row_of(self, object_id: int) -> int:
        """The instance that is the object; -1 where it is not shown."""
        rows = np.flatnonzero(self.object_ids == object_id)
        return int(rows[0]) if len(rows) else -1

    def shown(self) -> list[int]:
        """The objects in this frame."""
        ids: list[int] = self.object_ids[self.object_ids > 0].tolist()
        return ids

    def areas(self) -> NDArray[np.int64]:
        """(N,) pixels of each mask."""
        return np.bincount(self.label_image.ravel(), minlength=len(self) + 1)[1:]

    def instances(self) -> Instances:
        """As a detector gives them, with the boxes of the masks."""
        boxes = boxes_of(self.label_image, len(self))
        return Instances(boxes, self.label_image, self.labels, self.scores)

    def select(self, rows: NDArray[np.intp]) -> FrameMasks:
        """Some of the instances; the pixels of the others become background."""
        return FrameMasks(
            renumber(self.label_image, rows + 1),
            tuple(self.labels[row] for row in rows),
            self.scores[rows],
            self.embeddings[rows],
            self.geometry.select(rows),
            self.object_ids[rows],
            self.track_ids[rows],
            self.confidence[rows],
            self.fresh[rows],
            self.rounds[rows],
        )

    def beside(self, other: FrameMasks, label_image: Labels) -> FrameMasks:
        """These instances with others behind them, in one label image that has the pixels of all."""
        pairs = zip(self._arrays(), other._arrays(), strict=True)
        return FrameMasks(
            label_image,
            self.labels + other.labels,
            np.concatenate([self.scores, other.scores]),
            np.concatenate([self.embeddings, other.embeddings]),
            InstanceGeometry.joined([self.geometry, other.geometry]),
            *(np.concatenate(pair) for pair in pairs),
        )

    def _arrays(self) -> tuple[NDArray[np.generic], ...]:
        return self.object_ids, self.track_ids, self.confidence, self.fresh, self.rounds

    def described(self, frame: Frame, rows: NDArray[np.intp], encoder: Encoder) -> FrameMasks:
        """With the embeddings and places of some instances measured anew, in the image that shows them."""
        if not len(rows):
            return self
        part = self.select(rows).instances()
        embeddings, geometry = self.embeddings.copy(), self.geometry.select(slice(None))
        embeddings[rows] = encoder.encode(frame, part).data
        found = measure(frame, part, frame.pose)
        columns = ("depths", "positions", "covariances", "extents", "orientations")
        fields = {name: getattr(geometry, name).copy() for name in columns}
        for name in columns:
            fields[name][rows] = getattr(found, name)
        return replace(self, embeddings=embeddings, geometry=InstanceGeometry(**fields))


class MaskBook:
    """The masks of all frames, label images compressed: some 10 kB per frame at 640x480."""

    def __init__(self) -> None:
        self.stamps_ns: list[int] = []
        self.poses: list[NDArray[np.float64] | None] = []
        self._frames: list[tuple[FrameMasks, PackedImage]] = []

    def __len__(self) -> int:
        return len(self._frames)

    def append(self, stamp_ns: int, masks: FrameMasks, pose: NDArray[np.float64] | None = None) -> None:
        """Of the next frame, with the pose of its camera where it is known."""
        self.stamps_ns.append(stamp_ns)
        self.poses.append(pose)
        self._frames.append(_packed(masks))

    def __getitem__(self, number: int) -> FrameMasks:
        masks, packed = self._frames[number]
        return replace(masks, label_image=packed.image())

    def __setitem__(self, number: int, masks: FrameMasks) -> None:
        self._frames[number] = _packed(masks)

    def rows(self, number: int) -> FrameMasks:
        """All but the label image, which is empty: costs nothing."""
        return self._frames[number][0]

    def relabel(self, number: int, masks: FrameMasks) -> None:
        """Replaces all but the label image."""
        self._frames[number] = replace(masks, label_image=_NONE), self._frames[number][1]

    def shown(self) -> int:
        """How many masks have an object."""
        return sum(int((masks.object_ids > 0).sum()) for masks, _ in self._frames)


_NONE: Labels = np.zeros((0, 0), np.uint16)


def _packed(masks: FrameMasks) -> tuple[FrameMasks, PackedImage]:
    return replace(masks, label_image=_NONE), PackedImage.of(masks.label_image)
