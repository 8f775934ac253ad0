"""What the networks' last steps have in common."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from reobj.encoding.crops import Crops


def finished(embeddings: Tensor, normalise: bool) -> Tensor:
    """(N, dim) as float32, of length 1 where ``normalise``."""
    embeddings = embeddings.float()
    return F.normalize(embeddings, dim=1) if normalise else embeddings


def no_embeddings(crops: Crops, dim: int) -> Tensor:
    """(0, dim) float32 on the device of the crops: not all layers take an empty batch."""
    return torch.zeros(0, dim, device=crops.mask.device)
