"""Generalised-mean pooling (Radenovic et al. 2018, "Fine-tuning CNN image retrieval", Eq. 3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

#: Values below count as this one: a power of zero has no gradient.
_LEAST = 1e-6


class GeM(nn.Module):
    """Between the mean (exponent 1) and the maximum (infinity); the exponent is learnt.

    Args:
        exponent: to begin with; 3 as in the paper.
    """

    def __init__(self, exponent: float = 3.0) -> None:
        super().__init__()
        self.exponent = nn.Parameter(torch.tensor(exponent))

    def forward(self, maps: Tensor) -> Tensor:
        """(N, C) float32 of maps (N, C, h, w); negative values count as none.

        In float32 whatever the maps are: powers leave the range of float16.
        """
        with torch.autocast(maps.device.type, enabled=False):
            powers = maps.float().clamp(min=_LEAST).pow(self.exponent)
            return powers.mean(dim=(2, 3)).pow(1 / self.exponent)
