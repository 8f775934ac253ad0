"""The learned refiner's network: a branch that sees the colour image and one that sees the flow.

After Li et al., "Video Object Segmentation with Re-identification" (DAVIS challenge 2017): each branch gets
the warped masks beside its image and says for each pixel how much it belongs; both are averaged. There each
branch is a ResNet101; here both together have 85,000 weights, as 20 masks are to take milliseconds.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from reobj.encoding.layers import convolution

#: pixels of a crop per cell of the first map
_STRIDE = 4


class RefinerNetwork(nn.Module):
    """Logits of what belongs to the mask in the middle of a crop.

    Args:
        appearance, motion: channels of the crops that the branches see.
        widths: channels of the two maps of the colour branch; the flow branch has half of them.
    """

    def __init__(self, appearance: int = 9, motion: int = 6, widths: tuple[int, int] = (24, 48)) -> None:
        super().__init__()
        self.colour_branch = _Branch(appearance, *widths)
        self.flow_branch = _Branch(motion, *(width // 2 for width in widths))

    def forward(self, appearance: Tensor, motion: Tensor) -> Tensor:
        """(M, 1, S, S) logits of crops (M, C, S, S); S is a multiple of 8."""
        return (self.colour_branch(appearance) + self.flow_branch(motion)) / 2


class _Branch(nn.Module):
    """Down to a quarter and an eighth of the side, and back: the coarse map sees the whole crop."""

    def __init__(self, channels: int, fine: int, coarse: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(channels, fine, _STRIDE, stride=_STRIDE, bias=False), nn.BatchNorm2d(fine), nn.ReLU()
        )
        self.fine = convolution(fine, fine, 3)
        self.coarse = nn.Sequential(
            convolution(fine, coarse, 3, stride=2),
            convolution(coarse, coarse, 3),
            convolution(coarse, coarse, 3),
            convolution(coarse, fine, 1),
        )
        self.joined = convolution(fine, fine, 3)
        self.head = nn.Conv2d(fine, _STRIDE * _STRIDE, 1)

    def forward(self, crops: Tensor) -> Tensor:
        """(M, 1, S, S)."""
        fine = self.fine(self.stem(crops))
        coarse = F.interpolate(self.coarse(fine), scale_factor=2.0, mode="nearest")
        return F.pixel_shuffle(self.head(self.joined(fine + coarse)), _STRIDE)
