"""Examples to train the mask refiner on: what the carrier makes of true masks, beside the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.detection.carrying.mask_carrier import CarrierParts, MaskCarrier
from reobj.detection.carrying.optical_flow import OpticalFlow
from reobj.detection.carrying.refiner_crops import SIDE, CarriedView, RefinerCropCutter, sample_points
from reobj.detection.carrying.sampling import nearest
from reobj.detection.label_image import LabelImageDetector
from reobj.detection.masks import renumber
from reobj.errors import InputError, mismatch
from reobj.evaluation.segmentation_run import SharedFlow, true_ids
from reobj.scans.base import FrameSource

#: frames from one key frame to the next, and of those that are taken one in so many
GAP, _ONE_IN = 15, 2
#: values are kept as whole hundredths up to 1.27
HUNDREDTHS = 100


@dataclass(frozen=True, slots=True, eq=False)
class RefinerExamples:
    """Crops as in ``RefinerCrops``, in hundredths, with the truth.

    Attributes:
        appearance: (M, 9, S, S) int8.
        motion: (M, 6, S, S) int8.
        truth: (M, 1, S, S) bool.
    """

    appearance: NDArray[np.int8]
    motion: NDArray[np.int8]
    truth: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.truth)

    @classmethod
    def joined(cls, parts: Sequence[RefinerExamples]) -> RefinerExamples:
        """All of several; Raises InputError when there are none."""
        if not parts:
            raise InputError(mismatch("recordings", "an object in view for two frames", "none"))
        return cls(
            np.concatenate([part.appearance for part in parts]),
            np.concatenate([part.motion for part in parts]),
            np.concatenate([part.truth for part in parts]),
        )


def refiner_examples(source: FrameSource, flow: OpticalFlow) -> list[RefinerExamples]:
    """Those of a recording, with and without its depth and poses, as mistakes differ.

    Raises:
        InputError: it knows no truth.
        ReobjError: it is damaged.
    """
    shared, recorder = SharedFlow(flow), _Recorder()
    ways = [CarrierParts(ego_motion=ego, refiner=recorder) for ego in (True, False)]
    carriers: list[MaskCarrier] = []
    ids: NDArray[np.int64] = np.empty(0, np.int64)
    for number, (frame, truth) in enumerate(source):
        if truth is None:
            raise InputError(mismatch(f"recording {source.name}", "true instances", "none"))
        if carriers:
            recorder.truth = renumber(truth.ids, ids) if number % _ONE_IN else None
            for carrier in carriers:
                carrier.advance(frame)
        if number % GAP == 0:
            instances = LabelImageDetector(lambda _, truth=truth: truth).detect(frame)  # type: ignore[misc]
            ids = true_ids(instances, truth)
            carriers = [MaskCarrier(shared, frame, instances, parts) for parts in ways] if len(ids) else []
    return recorder.examples


class _Recorder:
    """Takes the place of a refiner and writes down what comes to it.

    Attributes:
        truth: (H, W) uint16, the true masks; None to let a frame pass.
        examples: by frame.
    """

    def __init__(self) -> None:
        self.truth: NDArray[np.uint16] | None = None
        self.examples: list[RefinerExamples] = []
        self._cut = RefinerCropCutter()

    def __call__(self, view: CarriedView, count: int) -> NDArray[np.uint16]:
        """See ``Refiner``; changes nothing."""
        crops = None if self.truth is None else self._cut(view, count)
        if self.truth is not None and crops is not None and len(crops.rows):
            true = nearest(self.truth, sample_points(crops.boxes)) == (crops.rows + 1)[:, None]
            self.examples.append(
                RefinerExamples(
                    _hundredths(crops.appearance),
                    _hundredths(crops.motion),
                    true.reshape(-1, 1, SIDE, SIDE),
                )
            )
        return view.labels


def _hundredths(values: NDArray[np.float32]) -> NDArray[np.int8]:
    return np.rint(values * HUNDREDTHS).clip(-127, 127).astype(np.int8)
