"""What a step trains: the network, from pictures to one loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torchvision.models.detection import MaskRCNN


class DetectorLearner(nn.Module):
    """Pictures and targets to the sum of Mask R-CNN's five losses (He et al. 2017, section 3).

    Args:
        network: in torchvision's form.
        keep_statistics: batch normalisation of the trunk stays as it came: the few pictures of a batch say
            less than what it was trained on before.
    """

    def __init__(self, network: MaskRCNN, keep_statistics: bool) -> None:
        super().__init__()
        self.network = network
        self._kept = norms(network.backbone.body) if keep_statistics else []
        for norm in self._kept:
            norm.requires_grad_(False)
        self.train()

    def train(self, mode: bool = True) -> DetectorLearner:
        """As of any module; statistics that are to be kept are not learned."""
        super().train(mode)
        for norm in self._kept:
            norm.eval()
        return self

    def forward(self, images: Sequence[Tensor], targets: Sequence[Mapping[str, Tensor]]) -> Tensor:
        """() float32: the loss.

        Whole numbers come, as a wrapper that changes precision would round others: pixels to 3 digits.

        Args:
            images: each (3, H, W) uint8.
            targets: of each ``boxes`` (N, 4) int64, ``labels`` (N,) int64 and ``masks`` (N, H, W) uint8.
        """
        losses: Mapping[str, Tensor] = self.network(
            [image.to(torch.float32) / 255 for image in images],
            [{**target, "boxes": target["boxes"].to(torch.float32)} for target in targets],
        )
        return torch.stack(list(losses.values())).sum()


def norms(module: nn.Module) -> list[nn.BatchNorm2d]:
    """Its layers of batch normalisation."""
    return [layer for layer in module.modules() if isinstance(layer, nn.BatchNorm2d)]
