"""Centring and whitening: an untrained network's features all point nearly the same way without it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

#: Added to each variance, as a part of the mean variance of the kept components: weak ones are mostly noise.
_SHRINKAGE = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Whitening:
    """An affine map to uncorrelated components of equal size.

    Attributes:
        mean: (D,) float32.
        matrix: (D, K) float32.
    """

    mean: Tensor
    matrix: Tensor

    @classmethod
    def fit(cls, samples: Tensor, components: int) -> Whitening:
        """The principal components of samples (N, D), at most N - 1 and at most ``components``.

        Computed in float64 with fixed signs, so that different machines agree.
        """
        mean = samples.double().mean(dim=0)
        _, singular, axes = torch.linalg.svd(samples.double() - mean, full_matrices=False)
        keep = min(components, len(samples) - 1, samples.shape[1])
        variance, axes = singular[:keep].square() / len(samples), axes[:keep]
        strongest = axes.gather(1, axes.abs().argmax(dim=1, keepdim=True))
        axes = axes * strongest.sign()
        matrix = axes.T / (variance + _SHRINKAGE * variance.mean()).clamp(min=1e-12).sqrt()
        return cls(mean.float(), matrix.float())

    def __call__(self, features: Tensor) -> Tensor:
        """(N, D) to (N, K), each row of length 1; a row at the mean itself becomes zeros."""
        return F.normalize((features - self.mean) @ self.matrix, dim=1, eps=1e-6)

    def to(self, device: torch.device) -> Whitening:
        """The same map on a device."""
        return Whitening(self.mean.to(device), self.matrix.to(device))
