from __future__ import annotations

import numpy as np
import pytest
import torch

from reobj.encoding.gem import GeM


def test_the_pooled_value_is_the_generalised_mean_of_the_places() -> None:
    maps = torch.rand(2, 3, 4, 5, generator=torch.Generator().manual_seed(0)) + 0.1
    values = maps.numpy().astype(np.float64).reshape(2, 3, 20)
    expected = [[sum(v**2.5 for v in channel) / 20 for channel in row] for row in values]
    np.testing.assert_allclose(GeM(2.5)(maps).detach(), np.power(expected, 1 / 2.5), rtol=1e-5)


def test_exponent_one_is_the_mean_and_a_large_one_nears_the_maximum() -> None:
    maps = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(0)) + 0.5
    torch.testing.assert_close(GeM(1.0)(maps), maps.mean(dim=(2, 3)))
    np.testing.assert_allclose(GeM(60.0)(maps).detach(), maps.amax(dim=(2, 3)), rtol=0.05)


def test_values_whose_cube_leaves_float16_stay_finite() -> None:
    pooled = GeM()(torch.full((1, 2, 3, 3), 1000.0, dtype=torch.float16))
    np.testing.assert_allclose(pooled.detach(), 1000.0, rtol=1e-3)


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_gradients_are_finite_where_nothing_is_positive(value) -> None:
    pool = GeM()
    maps = torch.full((1, 2, 3, 3), value, requires_grad=True)
    pool(maps).sum().backward()
    assert torch.isfinite(maps.grad).all()
    assert torch.isfinite(pool.exponent.grad)
