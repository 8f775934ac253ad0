"""Embeddings with the moment and the place that they were seen from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, mismatch


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """V views of one object. Raises InputError where the columns do not fit together.

    Attributes:
        embeddings: (V, D) float32 unit rows.
        stamps_ns: (V,) int64, of the images.
        poses: (V, 4, 4) float64 camera to map; NaN where not known.
    """

    embeddings: NDArray[np.float32]
    stamps_ns: NDArray[np.int64]
    poses: NDArray[np.float64]

    def __post_init__(self) -> None:
        n = len(self.embeddings)
        if self.embeddings.ndim != 2 or self.stamps_ns.shape != (n,) or self.poses.shape != (n, 4, 4):
            got = (self.embeddings.shape, self.stamps_ns.shape, self.poses.shape)
            raise InputError(mismatch("views", "(V, D) embeddings, (V,) stamps, (V, 4, 4) poses", got))

    def __len__(self) -> int:
        return len(self.embeddings)

    @classmethod
    def of(cls, embeddings: NDArray[np.float32], stamp_ns: int = 0) -> Views:
        """All seen at one moment, from unknown places."""
        n = len(embeddings)
        return cls(embeddings, np.full(n, stamp_ns, np.int64), np.full((n, 4, 4), np.nan))
