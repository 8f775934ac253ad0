"""Small pictures of stored views: the object with its outline, and where a network looked."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from reobj.encoding.context import ContextSpec
from reobj.encoding.explain import attention_maps, explain
from reobj.encoding.model_spec import ModelSpec
from reobj.views.batch import collate, to_crops
from reobj.views.cutting import ViewCrop, cut_view
from reobj.views.store import ViewStore
from reobj.visual.images import encode_jpeg

#: Pixels; twice what the page shows them at, for sharp screens.
SIDE = 200
#: Of the box; the surroundings are half of the evidence.
_RATIO = 2.0
_OUTLINE = (255, 204, 0)


class ViewPictures:
    """Makes the pictures of one store's views."""

    def __init__(self, store: ViewStore) -> None:
        self._store = store
        stored = store.settings.context
        self._context = ContextSpec(min(_RATIO, stored.ratio), min(10.0, stored.pixels), stored.square)

    def tile(self, row: int) -> bytes:
        """A JPEG file of a view and its surroundings, with the outline of the mask."""
        crop = cut_view(self._store.read(row), self._context, SIDE)
        return encode_jpeg(_outlined(crop.colour, crop.mask), SIDE, 80)

    def explained(self, network: nn.Module, spec: ModelSpec, row: int, target: Tensor) -> dict[str, bytes]:
        """JPEG files by caption: what each stream sees, under what makes it similar to ``target`` (Grad-CAM),
        and of a network with attention under where it looks.

        Args:
            network: on the device that it is to be asked on.
            spec: what its crops show.
            row: of the view.
            target: (D,) embedding that it is compared with.
        """
        crop = cut_view(self._store.read(row), spec.context, spec.crop_size)
        crops = to_crops(collate([crop]), target.device)
        found = explain(network, crops, target[None])
        if list(found) == ["full"] and getattr(spec.options, "setup", "") == "concat":
            # both in one pass: the map of the whole crop, shown over each of them
            found = {"foreground": found["full"], "background": found["full"]}
        maps = {stream: (stream, heat) for stream, heat in found.items()}
        if hasattr(network, "attention_weights"):
            attended = attention_maps(network, crops)
            maps |= {f"{stream}, attention": (stream, heat) for stream, heat in attended.items()}
        return {
            caption: encode_jpeg(_heated(crop, stream, heat[0]), SIDE, 80)
            for caption, (stream, heat) in maps.items()
        }


def _outlined(colour: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    image = np.ascontiguousarray(colour).copy()
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(image, outlines, -1, _OUTLINE, 2, cv2.LINE_AA)
    return image


def _heated(crop: ViewCrop, stream: str, heat: Tensor) -> NDArray[np.uint8]:
    """What the stream sees, with a colour from blue to red where it matters."""
    seen = {"foreground": crop.mask, "background": ~crop.mask}.get(stream, np.ones_like(crop.mask))
    strength = torch.clamp(heat, 0, 1).float().cpu().numpy() * seen
    colours = cv2.applyColorMap((255 * strength).astype(np.uint8), cv2.COLORMAP_TURBO)[..., ::-1]
    share = 0.65 * strength[..., None]
    image = crop.colour * seen[..., None]
    return np.rint((1 - share) * image + share * colours).astype(np.uint8)
