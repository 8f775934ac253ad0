"""An encoder that was never trained on objects: a torchvision backbone and colour, pooled and whitened.

Foreground and background go through the same network (re-OBJ, Bansal et al. 2019, section 3.2). Each
stream's features are averaged over its own pixels, cell by cell, so that it counts what stands where
around the object; soft colour histograms are treated likewise. Random networks answer to everything
nearly alike, so batch-norm statistics, centring and whitening are taken from synthetic pictures.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import torch
from torch import Tensor
from torch.nn import functional as F

from reobj.devices import resolve_device
from reobj.encoding.colour import colour_bins
from reobj.encoding.context import ContextSpec
from reobj.encoding.crops import CropCutter, Crops, denormalised
from reobj.encoding.pooling import masked_mean, pool_cells
from reobj.encoding.synthetic import synthetic_crops
from reobj.encoding.trunk import build_trunk, set_batch_norm
from reobj.encoding.whitening import Whitening
from reobj.errors import InputError, mismatch
from reobj.types import Embeddings, Frame, Instances, ModelId
from reobj.weights import content_hash

#: Changes when the same configuration and weights come to give other embeddings.
_VERSION = 1

_INPUTS = ("both", "foreground", "background")


@dataclass(frozen=True, slots=True)
class BackboneConfig:
    """Which network, what it sees, and how its features become an embedding.

    Attributes:
        backbone: a torchvision classification model.
        tap: the layer whose features count. Without training the early ones say most; with
            ``imagenet`` take a late one (resnet: ``layer3`` or ``layer4``).
        weights: ``random``, ``imagenet`` (torchvision's), or a local .safetensors, .pth or .pt file.
        seed: of random weights and of the synthetic pictures, >= 0.
        crop_size: side of the crops in pixels. More sees finer things, slower.
        context: how much background.
        inputs: ``both``, ``foreground`` or ``background``.
        background_weight: of the background against the foreground, > 0. More tells identical objects
            apart by their place, and holds less when the view changes.
        network_weight: of the network's features against the colours, > 0. Without training colours say
            more; with ``imagenet`` take 2 or so.
        foreground_grid, background_grid: rows and columns of cells. More says better where things are,
            and holds less when the view changes. Rows alone hold when the camera goes around the object.
        colour_bins: bins of each colour axis, >= 2.
        components: length of each of the parts (network and colour, of each stream) after whitening.
        synthetic_images: pictures that the statistics are taken from. More takes longer to start.
        half: half precision where the device is CUDA.
    """

    backbone: str = "resnet18"
    tap: str = "layer1"
    weights: str = "random"
    seed: int = 0
    crop_size: int = 64
    context: ContextSpec = field(default_factory=lambda: ContextSpec(ratio=2.0, square=True))
    inputs: str = "both"
    background_weight: float = 2.0
    network_weight: float = 0.5
    foreground_grid: tuple[int, int] = (3, 1)
    background_grid: tuple[int, int] = (3, 1)
    colour_bins: int = 10
    components: int = 64
    synthetic_images: int = 256
    half: bool = True

    def __post_init__(self) -> None:
        if self.inputs not in _INPUTS:
            raise InputError(mismatch("inputs", f"one of {', '.join(_INPUTS)}", repr(self.inputs)))
        for name in ("background_weight", "network_weight"):
            if not getattr(self, name) > 0:
                raise InputError(mismatch(name, "a number > 0", getattr(self, name)))
        least = {"seed": 0, "crop_size": 16, "colour_bins": 2, "components": 1, "synthetic_images": 2}
        for name, lowest in least.items():
            if getattr(self, name) < lowest:
                raise InputError(mismatch(name, f"an integer >= {lowest}", getattr(self, name)))
        for name in ("foreground_grid", "background_grid"):
            if min(getattr(self, name)) < 1:
                raise InputError(mismatch(name, "rows and columns >= 1", getattr(self, name)))


class BackboneEncoder:
    """Encodes all instances of a frame in one batch. For one thread at a time.

    Args:
        config: network and embedding.
        device: as for ``resolve_device``.

    Raises:
        ModelError: unknown network or layer, or weights that cannot be had or do not fit.
        DeviceError: no such device.
    """

    def __init__(self, config: BackboneConfig | None = None, device: str = "auto") -> None:
        self._config = c = config or BackboneConfig()
        self._device = resolve_device(device)
        trunk, weights = build_trunk(c.backbone, c.tap, c.weights, c.seed)
        self._streams = [s for s in ("foreground", "background") if c.inputs in ("both", s)]
        self._neutral: list[Tensor] = []
        self._whitenings: list[Whitening] = []
        self._trunk = trunk.to(self._device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._adapt(synthetic_crops(c.synthetic_images, c.crop_size, c.seed))
        self._cut = CropCutter(c.crop_size, c.context, self._device, reuse=True)
        dim = sum(w.matrix.shape[1] for w in self._whitenings)
        # where weights lie says nothing of what they are; random ones alone get other batch-norm statistics
        origin = {"weights": "random" if c.weights == "random" else "given", "half": False}
        configuration = {"version": _VERSION, **asdict(c), **origin}
        self._model = ModelId(f"backbone-{c.backbone}", content_hash(configuration, weights), dim)

    @property
    def model(self) -> ModelId:
        """Its hash covers configuration and weights, not where the weights came from or ran."""
        return self._model

    @torch.inference_mode()
    def encode(self, frame: Frame, instances: Instances) -> Embeddings:
        """One embedding per instance.

        A stream without a pixel (a mask that fills its crop, or an empty one) has the same features
        in all instances without one.

        Raises:
            InputError: the masks have another size than the frame.
        """
        crops = self._cut(frame, instances)
        if len(crops) == 0:
            return Embeddings(torch.zeros(0, self._model.dim).numpy(), self._model)
        parts = [whiten(part) for whiten, part in zip(self._whitenings, self._features(crops), strict=True)]
        joined = torch.cat([part * w for part, w in zip(parts, self._weights(), strict=True)], dim=1)
        return Embeddings(F.normalize(joined, dim=1).cpu().numpy(), self._model)

    def _weights(self) -> list[float]:
        """Of each part: network and colour of each stream."""
        streams = [1.0 if s == "foreground" else self._config.background_weight for s in self._streams]
        return [stream * part for stream in streams for part in (self._config.network_weight, 1.0)]

    def _adapt(self, crops: Crops) -> None:
        """Takes all statistics from synthetic crops."""
        with torch.inference_mode():
            crops = crops.to(self._device)
            if self._config.weights == "random":
                set_batch_norm(self._trunk, torch.cat([crops.foreground, crops.background]))
            for maps, mask in self._maps(crops):
                self._neutral.append(masked_mean(maps, mask))
            self._whitenings = [
                Whitening.fit(part, self._config.components) for part in self._features(crops)
            ]

    def _features(self, crops: Crops) -> list[Tensor]:
        """Pooled features (N, ...), network and colour of each stream."""
        grids = [getattr(self._config, f"{stream}_grid") for stream in self._streams for _ in range(2)]
        return [
            pool_cells(maps, mask, grid, neutral)
            for (maps, mask), grid, neutral in zip(self._maps(crops), grids, self._neutral, strict=True)
        ]

    def _maps(self, crops: Crops) -> list[tuple[Tensor, Tensor]]:
        """Feature maps and the masks that belong to them, network and colour of each stream."""
        found = []
        images = torch.cat([getattr(crops, stream) for stream in self._streams])
        half = self._config.half and self._device.type == "cuda"
        with torch.autocast("cuda", torch.float16, enabled=half):
            deep = self._trunk(images.contiguous(memory_format=torch.channels_last)).float()
        bins = colour_bins(denormalised(F.avg_pool2d(images, 2)), self._config.colour_bins)
        for stream, deep_maps, colour_maps in zip(
            self._streams, deep.split(len(crops)), bins.split(len(crops)), strict=True
        ):
            mask = crops.mask if stream == "foreground" else (1 - crops.mask) * crops.inside
            found += [
                (maps, F.adaptive_avg_pool2d(mask, maps.shape[2:])) for maps in (deep_maps, colour_maps)
            ]
        return found
