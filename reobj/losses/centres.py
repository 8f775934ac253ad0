"""The mean embedding of each identity of a batch."""

from __future__ import annotations

from torch import Tensor


def class_centres(embeddings: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """The centres of one batch, as constants: no gradient flows through them.

    "Inherent" (Wei et al. 2019, section 3.1) calculates them at the beginning of every batch.

    Args:
        embeddings: (B, D) floating.
        labels: (B,) integers.

    Returns:
        centres: (C, D), one for each different label, by rising label.
        own: (B,) int64, the centre of each embedding.
    """
    identities, own, counts = labels.unique(return_inverse=True, return_counts=True)
    # A product, as index_add_ on a GPU adds in any order; in float64 for the reasons of squared_distances.
    members = (identities[:, None] == labels).double()
    sums = members @ embeddings.detach().double()
    return (sums / counts[:, None]).to(embeddings.dtype), own
