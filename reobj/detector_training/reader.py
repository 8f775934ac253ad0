"""Which pictures a step sees, read and varied."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reobj.detector_training.config import DetectorTrainConfig
from reobj.detector_training.pictures import PictureScene
from reobj.detector_training.samples import Sample, make_sample, vary


class PictureSet:
    """All pictures of some scenes, by number.

    Args:
        scenes: whose pictures they are.
    """

    def __init__(self, scenes: Sequence[PictureScene]) -> None:
        self.scenes = list(scenes)
        self.pictures = [(scene, frame) for scene in self.scenes for frame in scene.frames]

    def __len__(self) -> int:
        return len(self.pictures)


class PictureReader:
    """Makes the batch of a step; the same whenever and in whichever thread it is called.

    Args:
        pictures: to train on, at least one.
        classes: number of each label, from 1.
        config: of the run.
        rank, devices: which device of how many; each sees other pictures.
    """

    def __init__(
        self,
        pictures: PictureSet,
        classes: dict[str, int],
        config: DetectorTrainConfig,
        rank: int = 0,
        devices: int = 1,
    ) -> None:
        self._pictures, self._classes, self._config = pictures, classes, config
        self._rank, self._devices = rank, devices

    def read(self, step: int) -> list[Sample]:
        """The samples of a step. Raises ScanError: a picture cannot be read."""
        rng = np.random.default_rng([self._config.seed, step, self._rank, 3])
        found = []
        for row in self.rows(step).tolist():
            scene, frame = self._pictures.pictures[row]
            colour, truth = scene.read(frame)
            varied, varied_truth = vary(colour, truth, self._config.augment, rng)
            found.append(make_sample(varied, varied_truth, self._classes, self._config.exclude))
        return found

    def rows(self, step: int) -> NDArray[np.int64]:
        """(batch,) int64: which pictures. Every picture is seen once before any is seen again."""
        batch, count = self._config.batch, len(self._pictures)
        places = (step * self._devices + self._rank) * batch + np.arange(batch)
        epochs, within = np.divmod(places, count)
        orders = {
            e: np.random.default_rng([self._config.seed, e, 2]).permutation(count)
            for e in set(epochs.tolist())
        }
        return np.array([orders[e][i] for e, i in zip(epochs.tolist(), within.tolist(), strict=True)])
