"""Annotation from a few true masks: python benchmarks/annotation.py SCAN [--more 5]

SCAN is a scan with true masks, as ``reobj scan simulate`` writes. The true mask of each object in the frame
that shows most of it is "drawn", nothing else, and the rest is left to ``reobj annotate``. Over all frames in
which an object covers at least 0.2 % of the image: J (0 where it was not found), the shares with J >= 0.5 and
with any mask; and of the masks, those whose object is not in the frame at all. Once for what is carried, once
with the rounds after that, and the same with ``--more`` frames drawn in that the command proposed.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from reobj.detection.label_image import LabelImageConfig
from reobj.offline import Mode
from reobj.refinement.annotation import Annotation, AnnotationConfig, annotate
from reobj.refinement.annotation_files import id_image
from reobj.refinement.archive import FrameArchive
from reobj.refinement.doubts import find_doubts, frames_to_draw
from reobj.refinement.drawing import NAMES_FILE
from reobj.refinement.rounds import MOST_ROUNDS
from reobj.scans.opening import open_source
from reobj.types import LabelImage

LEAST_SHARE = 0.002  #: of the image, that an object covers in the frames that count


@dataclass(frozen=True, slots=True)
class Truth:
    """The true masks of a recording.

    Attributes:
        images: (H, W) uint8 of each frame; the objects are numbered from 1, 0 is nothing.
        names: of each number.
    """

    images: list[NDArray[np.uint8]]
    names: dict[int, str]

    @classmethod
    def of(cls, images: Sequence[LabelImage]) -> Truth:
        """The objects that are ever large enough."""
        least = LEAST_SHARE * images[0].ids.size
        names: dict[int, str] = {}
        for image in images:
            ids, areas = np.unique(image.ids, return_counts=True)
            for i in ids[(areas >= least) & (ids > 0)].tolist():
                label = image.labels.get(i, "object")
                if label not in LabelImageConfig().exclude:
                    names.setdefault(i, label)
        numbers = np.zeros(2**16, np.uint8)
        numbers[list(names)] = np.arange(1, len(names) + 1)
        return cls([numbers[image.ids] for image in images], dict(enumerate(names.values(), 1)))

    @property
    def areas(self) -> NDArray[np.int64]:
        """(frames, objects) pixels."""
        return np.stack([np.bincount(i.ravel(), minlength=len(self.names) + 1)[1:] for i in self.images])

    def draw(self, folder: Path, more: Sequence[int]) -> int:
        """Writes what is drawn, and gives the number of frames.

        Args:
            folder: of the drawing.
            more: frames in which all that is large enough is drawn.
        """
        areas = self.areas
        wanted: dict[int, list[int]] = {}
        for index, number in enumerate(areas.argmax(axis=0).tolist()):
            wanted.setdefault(number, []).append(index + 1)
        for number in more:
            large = areas[number] >= LEAST_SHARE * self.images[0].size
            wanted[number] = (np.flatnonzero(large) + 1).tolist()
        for number, objects in wanted.items():
            image = self.images[number]
            cv2.imwrite(str(folder / f"{number}.png"), np.where(np.isin(image, objects), image, 0))
        (folder / NAMES_FILE).write_text(json.dumps(self.names))
        return len(wanted)


def score(truth: Truth, found: Annotation) -> str:
    """One row of the table."""
    large = truth.areas >= LEAST_SHARE * truth.images[0].size
    overlaps, absent, masks = [], 0, 0
    size = len(truth.names) + 1
    for number, image in enumerate(truth.images):
        given = id_image(found.book[number])
        pairs = np.bincount(image.ravel() * np.intp(size) + given.ravel(), minlength=size**2)
        table = pairs.reshape(size, size)
        both = table.diagonal()
        iou = both / np.maximum(table.sum(0) + table.sum(1) - both, 1)
        there = table.sum(0)[1:] > 0
        masks += int(there.sum())
        absent += int((there & (table.sum(1)[1:] == 0)).sum())
        overlaps += [(float(iou[i + 1]), bool(there[i])) for i in np.flatnonzero(large[number]).tolist()]
    j = np.array([value for value, _ in overlaps])
    any_mask = np.mean([there for _, there in overlaps])
    right = (j >= 0.5).mean()
    return f"J {j.mean():.3f}  >= .5 {right:.3f}  found {any_mask:.3f}  not there {absent / masks:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("scan", type=Path)
    parser.add_argument("--more", type=int, default=5, help="frames drawn in afterwards")
    parser.add_argument("--mode", type=Mode, choices=list(Mode), default=Mode.colour_depth_pose)
    arguments = parser.parse_args()
    with FrameArchive(open_source(arguments.scan)) as archive, tempfile.TemporaryDirectory() as name:
        labels = [label for _, label in archive]
        truth = Truth.of([label for label in labels if label is not None])
        print(f"{len(truth.names)} objects, {len(truth.images)} frames, {arguments.mode.value}")
        proposed: Sequence[int] = ()
        while True:
            drawn = truth.draw(Path(name), proposed)
            for what, rounds in (("carried", 1), ("+ rounds", MOST_ROUNDS)):
                found = annotate(archive, AnnotationConfig(Path(name), mode=arguments.mode, rounds=rounds))
                print(f"{drawn} frames drawn, {what:8}  {score(truth, found)}", flush=True)
            if proposed or not arguments.more:
                return
            proposed = frames_to_draw(find_doubts(found.book), arguments.more, found.drawing.images)


if __name__ == "__main__":
    main()
