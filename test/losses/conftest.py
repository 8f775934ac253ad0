from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")),
]
DTYPES = [torch.float32, torch.float16, torch.bfloat16]

#: Three views, two, two, and one without a positive; not in order.
LABELS = [4, 1, 4, 9, 1, 7, 4, 9]


@dataclass(frozen=True)
class Batch:
    """The same embeddings as a tensor and, exactly, as Python numbers."""

    embeddings: Tensor
    labels: Tensor

    @property
    def rows(self) -> list[list[float]]:
        return self.embeddings.double().tolist()

    @property
    def ids(self) -> list[int]:
        return self.labels.tolist()


def make_batch(labels: list[int], device: str, dtype: torch.dtype) -> Batch:
    numbers = torch.randn(len(labels), 4, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    return Batch(numbers.to(device, dtype).requires_grad_(), torch.tensor(labels, device=device))


@pytest.fixture(params=DEVICES)
def device(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=DTYPES, ids=lambda dtype: str(dtype).removeprefix("torch."))
def batch(request: pytest.FixtureRequest, device: str) -> Batch:
    return make_batch(LABELS, device, request.param)


@pytest.fixture
def exact_batch(device: str) -> Batch:
    """In float64, for numerical gradients."""
    return make_batch(LABELS, device, torch.float64)


@pytest.fixture
def one_identity(device: str) -> Batch:
    return make_batch([5, 5, 5], device, torch.float32)


@pytest.fixture
def without_positives(device: str) -> Batch:
    return make_batch([5, 2, 8], device, torch.float32)
