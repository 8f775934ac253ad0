"""An encoder that was trained: any network of the registry, loaded from a model on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reobj.devices import resolve_device
from reobj.encoding.crops import CropCutter, Crops
from reobj.encoding.folding import fold_normalisation
from reobj.encoding.model_file import ModelCard, load_model, read_card
from reobj.encoding.shipped import model_folder
from reobj.encoding.similarity import SimilarityCalibration
from reobj.errors import ModelError
from reobj.types import Embeddings, Frame, Instances, ModelId

#: Instances that go through the network at a time: bounds memory, and fills any device.
_AT_A_TIME = 256
#: A shorter output has no direction that could be told from rounding.
_SHORTEST = 1e-6


@dataclass(frozen=True, slots=True)
class TrainedConfig:
    """Which model, and how it runs.

    Attributes:
        model: name of a model that ships with reobj, or a folder with model.json and model.safetensors.
        half: half precision on CUDA; without effect on a CPU.
        compile: compile the network with torch.compile. Takes a minute or two to start, and a C++ compiler;
            pays where many instances per second are encoded for a long time.
    """

    model: str = "small"
    half: bool = True
    compile: bool = False


class TrainedEncoder:
    """Encodes all instances of a frame in one batch. For one thread at a time.

    Args:
        config: model and precision.
        device: as for ``resolve_device``.

    Raises:
        ModelError: no such model, or one that is damaged; or it cannot be compiled here.
        DeviceError: no such device.
    """

    def __init__(self, config: TrainedConfig | None = None, device: str = "auto") -> None:
        config = config or TrainedConfig()
        self._device = resolve_device(device)
        self._card, network = load_model(model_folder(config.model))
        fold_normalisation(network)
        spec = self._card.spec
        self._network: nn.Module = network.to(self._device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._half = config.half and self._device.type == "cuda"
        self._cut = CropCutter(spec.crop_size, spec.context, self._device, reuse=True)
        if config.compile:
            self._compile()

    @property
    def card(self) -> ModelCard:
        """What is known of its model."""
        return self._card

    @property
    def model(self) -> ModelId:
        """Name and content hash of its model; where and in which precision it runs is not part of them."""
        return self._card.model_id

    @torch.inference_mode()
    def encode(self, frame: Frame, instances: Instances) -> Embeddings:
        """One embedding per instance, of length 1 whatever the network gives.

        A mask that fills its crop leaves the background black, an empty one the foreground; such an
        instance has the embedding that the network gives to that.

        Raises:
            InputError: the masks have another size than the frame, or the network gave NaN.
        """
        crops = self._cut(frame, instances)
        parts = [self._embed(_rows(crops, start)) for start in range(0, len(crops), _AT_A_TIME)]
        joined = torch.cat(parts) if parts else torch.zeros(0, self._card.dim)
        return Embeddings(joined.cpu().numpy(), self._card.model_id)

    def _embed(self, crops: Crops) -> Tensor:
        """(N, D) float32 of length 1. An output of zeros, which has no direction, gets a fixed one."""
        with torch.autocast("cuda", torch.float16, enabled=self._half):
            found = self._network(crops)
        found = found.float()
        silent = found.norm(dim=1, keepdim=True) < _SHORTEST
        return F.normalize(torch.where(silent, 1.0, found), dim=1)

    def _compile(self) -> None:
        """Compiles for one instance and for any number, and runs both: no frame waits for it later."""
        self._network = torch.compile(self._network, dynamic=True)  # type: ignore[assignment]
        size = self._card.spec.crop_size
        colour, mask = torch.zeros(2, 3, size, size), torch.zeros(2, 1, size, size)
        crops = Crops(colour, colour, mask, mask.bool()).to(self._device)
        try:
            with torch.inference_mode():
                for count in (1, 2):
                    self._embed(crops.first(count))
        except RuntimeError as error:  # torch's compiler raises many kinds, all of them RuntimeErrors
            reason = " ".join(str(error).partition("\n\n")[0].split())  # advice on debugging torch follows
            raise ModelError(f"model {self._card.name}: cannot be compiled here: {reason}") from error


def _rows(crops: Crops, start: int) -> Crops:
    """The instances from ``start`` on that go through the network together, without a copy."""
    rows = slice(start, start + _AT_A_TIME)
    return Crops(crops.foreground[rows], crops.background[rows], crops.mask[rows], crops.inside[rows])


def measured_calibrations(config: TrainedConfig) -> Mapping[str, SimilarityCalibration]:
    """Content hash to calibration of the model that the configuration names, without building its network.

    Empty for a model without a calibration.

    Raises:
        ModelError: no such model, or a damaged card.
    """
    card = read_card(model_folder(config.model))
    return {} if card.calibration is None else {card.hash: card.calibration}
