from __future__ import annotations

import pytest
import torch
from scipy.spatial.distance import cdist

from reobj.losses.pairwise import pair_masks, squared_distances


def test_the_distances_are_scipys(batch) -> None:
    embeddings = batch.embeddings.detach()
    expected = cdist(batch.rows, batch.rows[:3], "sqeuclidean")
    got = squared_distances(embeddings, embeddings[:3])
    assert got.dtype == torch.float32
    assert got.cpu().numpy() == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_long_embeddings_that_lie_near_keep_their_distance(device) -> None:
    far = torch.full((2, 8), 1000.0, device=device)
    far[1, 0] += 0.125
    assert squared_distances(far, far).tolist() == [[0, 0.015625], [0.015625, 0]]


def test_half_precision_does_not_overflow(device) -> None:
    ends = torch.tensor([[300.0], [-300.0]], device=device, dtype=torch.float16)
    assert squared_distances(ends, ends)[0, 1] == 360_000


def test_the_gradient_is_the_numerical_one(exact_batch) -> None:
    x = exact_batch.embeddings
    assert torch.autograd.gradcheck(squared_distances, (x, x.detach()[:3].clone().requires_grad_()))


def test_an_embedding_is_not_its_own_positive(device) -> None:
    positive, negative = pair_masks(torch.tensor([7, 7, 3], device=device))
    assert positive.tolist() == [[False, True, False], [True, False, False], [False, False, False]]
    assert negative.tolist() == [[False, False, True], [False, False, True], [True, True, False]]
