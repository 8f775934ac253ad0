"""A small trained network that corrects carried masks, above all where things came into view."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor

from reobj.detection.carrying.refiner_crops import CarriedView, RefinerCropCutter, RefinerCrops
from reobj.detection.carrying.refiner_network import RefinerNetwork
from reobj.encoding.folding import fold_normalisation
from reobj.files import write_bytes
from reobj.weights import load_into, read_weights

SHIPPED = Path(__file__).parents[2] / "models" / "refiner" / "refiner.safetensors"
"""The weights that come with the package."""

#: logits that speak for the mask as it came. The network must be surer than that to change a pixel, and where
#: it is not the border stays as fine as it was: a cell of a crop may be several pixels
_GUIDE = 2.0

Labels = NDArray[np.uint16]


def with_guide(logits: Tensor, own: Tensor) -> Tensor:
    """The network's logits and what speaks for the mask ``own`` (M, 1, S, S) of ones and zeros as it came."""
    return logits + _GUIDE * (2 * own - 1)


class MaskRefiner:
    """Corrects the masks of a frame with one pass of the network over the crops of all of them.

    Only what came into view or was hidden since the key frame is changed: what could be followed all the way
    is right more often than the network is.

    Args:
        network: is changed: made ready for evaluation alone.
    """

    def __init__(self, network: RefinerNetwork) -> None:
        network.eval()
        fold_normalisation(network)
        self._cut = RefinerCropCutter()
        self._best: NDArray[np.float32] = np.empty((0, 0), np.float32)
        self._network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @classmethod
    def load(cls, weights: Path | str = SHIPPED) -> MaskRefiner:
        """With weights that ``save_refiner`` wrote. Raises ModelError."""
        network = RefinerNetwork()
        load_into(network, read_weights(weights), str(weights))
        return cls(network)

    def __call__(self, view: CarriedView, count: int) -> Labels:
        """See ``Refiner``."""
        crops = self._cut(view, count)
        if not len(crops.rows):
            return view.labels
        if self._best.shape != view.labels.shape:
            self._best = np.empty(view.labels.shape, np.float32)
        self._best.fill(0)
        return _merged(view, crops, self._logits(crops), self._best)

    def _logits(self, crops: RefinerCrops) -> NDArray[np.float32]:
        """(M, S, S) of the network alone."""
        with torch.inference_mode():
            inputs = [torch.from_numpy(part) for part in (crops.appearance, crops.motion)]
            return self._network(*inputs)[:, 0].numpy()


def save_refiner(network: RefinerNetwork, path: Path | str) -> None:
    """Writes a network's weights. Raises StorageError."""
    write_bytes(path, save({name: value.contiguous() for name, value in network.state_dict().items()}))


def _merged(
    view: CarriedView, crops: RefinerCrops, logits: NDArray[np.float32], best: NDArray[np.float32]
) -> Labels:
    """What is not trusted goes to the mask that has the highest logit there, if one is above ``best``."""
    merged = view.labels.copy()
    for row, box, crop in zip(crops.rows, crops.boxes.astype(int), logits, strict=True):
        low, window = np.maximum(box[:2], 0), (slice(max(box[1], 0), box[3]), slice(max(box[0], 0), box[2]))
        own, unsure, beaten = view.labels[window] == row + 1, view.trusted[window] == 0, best[window]
        x, y = low - box[:2]
        said = cv2.resize(crop, (box[2:] - box[:2]).tolist())[y : y + own.shape[0], x : x + own.shape[1]]
        score = said + np.where(own, np.float32(_GUIDE), np.float32(-_GUIDE))
        np.copyto(merged[window], 0, where=own & unsure & (beaten == 0))
        ahead = unsure & (score > beaten)
        np.copyto(beaten, score, where=ahead)
        np.copyto(merged[window], np.uint16(row + 1), where=ahead)
    return merged
