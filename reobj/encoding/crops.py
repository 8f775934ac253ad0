"""Foreground and background images of all instances of a frame, cut on the device in one call.

re-OBJ (Bansal et al. 2019, section 3.2): of each grown box one image keeps the object's pixels
and one keeps the others; the rest is zero *in the image*, that is black before normalisation.
What lies beyond the image's edge is black too, in both.

Shrinking: a pyramid of halved images is made once per frame, and each crop is sampled
bilinearly from the level nearest to its scale. This costs the same for every box and keeps
fine texture from turning into noise, as sampling the full image would.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from reobj.encoding.context import ContextSpec
from reobj.tensors import upload
from reobj.types import Frame, Instances

#: Statistics of ImageNet's RGB images in [0, 1], which torchvision's weights expect.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

#: Crop pixels sampled at a time: intermediate arrays stay in cache, and memory bounded.
_PIXELS_AT_A_TIME = 2**19


@dataclass(frozen=True, slots=True, eq=False)
class Crops:
    """The two images of each instance.

    Attributes:
        foreground: (N, 3, S, S) float32, normalised; black where the mask is 0.
        background: (N, 3, S, S) float32, normalised; black where the mask is 1.
        mask: (N, 1, S, S) float32, 1 on the object, else 0.
        inside: (N, 1, S, S) bool, False beyond the image's edge.
    """

    foreground: Tensor
    background: Tensor
    mask: Tensor
    inside: Tensor

    def __len__(self) -> int:
        return len(self.mask)

    def first(self, count: int) -> Crops:
        """The first ``count`` instances, without a copy."""
        return Crops(self.foreground[:count], self.background[:count], self.mask[:count], self.inside[:count])

    def to(self, device: torch.device) -> Crops:
        """The same crops on a device."""
        parts = (self.foreground, self.background, self.mask, self.inside)
        return Crops(*(part.to(device) for part in parts))

    @classmethod
    def allocate(cls, count: int, size: int, device: torch.device) -> Crops:
        """Room for ``count`` instances, not filled."""
        colour = [torch.empty(count, 3, size, size, device=device) for _ in range(2)]
        mask = torch.empty(count, 1, size, size, device=device)
        return cls(colour[0], colour[1], mask, torch.empty_like(mask, dtype=torch.bool))


def normalised(images: Tensor) -> Tensor:
    """RGB images (N, 3, H, W) in [0, 255] by ImageNet's statistics."""
    return images * _scale(images.device) + _black(images.device)


def denormalised(images: Tensor) -> Tensor:
    """The other way: RGB images (N, 3, H, W) in [0, 1] of normalised ones."""
    return (images - _black(images.device)) / (255 * _scale(images.device))


def _scale(device: torch.device) -> Tensor:
    """(1, 3, 1, 1): from [0, 255] to units of ImageNet's deviation."""
    return 1 / (255 * torch.tensor(IMAGENET_STD, device=device).view(1, 3, 1, 1))


def _black(device: torch.device) -> Tensor:
    """(1, 3, 1, 1): what a black pixel is after normalisation."""
    mean, std = torch.tensor(IMAGENET_MEAN, device=device), torch.tensor(IMAGENET_STD, device=device)
    return (-mean / std).view(1, 3, 1, 1)


class CropCutter:
    """Cuts the crops of a frame.

    Args:
        size: S, side of the crops in pixels.
        context: how the boxes grow.
        device: where the crops are made and stay.
        reuse: write every frame's crops into the same memory: a result then holds until the next
            call. On a CPU fresh memory costs more time than the crops themselves.
    """

    def __init__(self, size: int, context: ContextSpec, device: torch.device, reuse: bool = False) -> None:
        self._size, self._context, self._device, self._reuse = size, context, device, reuse
        self._scale, self._black = _scale(device), _black(device)
        self._room = Crops.allocate(0, size, device)

    def __call__(self, frame: Frame, instances: Instances) -> Crops:
        """The crops of ``instances``, in their order; an empty mask gives a black foreground.

        Raises:
            InputError: the masks have another size than the frame.
        """
        instances.check_size(frame.height, frame.width)
        crops = self._allocate(len(instances))
        if len(instances) == 0:
            return crops
        boxes = self._context.grow(instances.boxes)
        pyramid = _Pyramid(self._scaled(frame.colour), boxes, self._size)
        ids = upload(instances.label_image, self._device).to(torch.float32)[None, None]
        step = max(1, _PIXELS_AT_A_TIME // self._size**2)
        for start in range(0, len(instances), step):
            self._fill(crops, slice(start, start + step), boxes, pyramid, ids)
        return crops

    def _allocate(self, count: int) -> Crops:
        if not self._reuse:
            return Crops.allocate(count, self._size, self._device)
        if len(self._room) < count:
            with torch.inference_mode(False):  # a tensor made in that mode may not be written outside it
                self._room = Crops.allocate(count, self._size, self._device)
        return self._room.first(count)

    def _scaled(self, colour: NDArray[np.uint8]) -> Tensor:
        """(1, 3, H, W) float32: the frame in units of ImageNet's deviation, black = 0."""
        return upload(colour, self._device).permute(2, 0, 1)[None].to(torch.float32) * self._scale

    def _fill(
        self, crops: Crops, rows: slice, boxes: NDArray[np.float32], pyramid: _Pyramid, ids: Tensor
    ) -> None:
        """Writes some instances' crops."""
        x, y = sample_points(boxes[rows], self._size)
        height, width = ids.shape[2:]
        found = _sample(ids, x / width * 2 - 1, y / height * 2 - 1, "nearest")
        number = torch.arange(rows.start + 1, rows.start + 1 + len(x), device=self._device)
        mask = crops.mask[rows].copy_(found == number.view(-1, 1, 1, 1))
        inside = [torch.from_numpy((v >= 0) & (v < n)) for v, n in ((x, width), (y, height))]
        across, down = (v.to(self._device) for v in inside)
        torch.logical_and(across[:, None, None, :], down[:, None, :, None], out=crops.inside[rows])
        colour = pyramid.sample(x, y, rows)
        foreground = torch.addcmul(self._black, colour, mask, out=crops.foreground[rows])
        torch.sub(colour, foreground, out=crops.background[rows]).add_(2 * self._black)


def sample_points(boxes: NDArray[np.float32], size: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Where in the image the centres of a crop's pixels lie.

    Returns:
        x, y: (N, S) float32 pixels each, pixel i of the image covering [i, i + 1).
    """
    steps = (np.arange(size, dtype=np.float32) + np.float32(0.5)) / np.float32(size)
    low, side = boxes[:, :2, None], boxes[:, 2:, None] - boxes[:, :2, None]
    points = low + side * steps
    return points[:, 0], points[:, 1]


class _Pyramid:
    """A frame at full, half, quarter... size in one image, each level in a ring of black.

    Args:
        colour: (1, 3, H, W) float32, black = 0.
        boxes: (N, 4) float32 pixels of the grown boxes; they decide how many levels there are.
        size: side of the crops.
    """

    def __init__(self, colour: Tensor, boxes: NDArray[np.float32], size: int) -> None:
        scale = np.sqrt(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)) / size
        deepest = int(np.log2(max(colour.shape[2:])))
        self._level = np.rint(np.log2(scale)).clip(0, deepest).astype(np.int64)
        levels = [colour]
        for _ in range(int(self._level.max())):
            levels.append(F.avg_pool2d(levels[-1], 2, ceil_mode=True))
        self._sizes = np.array([level.shape[2:] for level in levels])
        self._top = np.cumsum([0, *(self._sizes[:-1, 0] + 2)]) + 1
        widest = colour.shape[3]
        self._atlas = torch.cat([F.pad(v, (1, 1 + widest - v.shape[3], 1, 1)) for v in levels], dim=2)

    def sample(self, x: NDArray[np.float32], y: NDArray[np.float32], rows: slice) -> Tensor:
        """(n, 3, S, S) float32: the colours at points (n, S) pixels of the full image, for some instances."""
        level = self._level[rows]
        shrink = (0.5**level)[:, None]
        height, width = self._sizes[level].T[:, :, None]
        x = np.clip(x * shrink, -0.5, width + 0.5) + 1
        y = np.clip(y * shrink, -0.5, height + 0.5) + self._top[level][:, None]
        total_height, total_width = self._atlas.shape[2:]
        return _sample(self._atlas, x / total_width * 2 - 1, y / total_height * 2 - 1, "bilinear")


def _sample(image: Tensor, x: NDArray[np.floating], y: NDArray[np.floating], mode: str) -> Tensor:
    """Samples (1, C, H, W) at x, y (n, S) in [-1, 1] from edge to edge; zero beyond. (n, C, S, S)."""
    n, size = x.shape
    grid = torch.empty(n, size, size, 2, device=image.device)
    grid[..., 0] = torch.from_numpy(x.astype(np.float32)).to(image.device)[:, None, :]
    grid[..., 1] = torch.from_numpy(y.astype(np.float32)).to(image.device)[:, :, None]
    return F.grid_sample(image.expand(n, -1, -1, -1), grid, mode=mode, align_corners=False)
