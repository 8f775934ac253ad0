from __future__ import annotations

import numpy as np
import torch

from reobj.encoding.whitening import Whitening


def samples(count: int = 400, dim: int = 12) -> torch.Tensor:
    rng = np.random.default_rng(0)
    return torch.from_numpy(
        (rng.standard_normal((count, dim)) @ rng.standard_normal((dim, dim)) + 5).astype(np.float32)
    )


def test_components_are_uncorrelated_and_the_strongest_is_largest() -> None:
    data = samples()
    fitted = Whitening.fit(data, 5)
    covariance = np.cov(((data - fitted.mean) @ fitted.matrix).T.numpy(), bias=True)
    np.testing.assert_allclose(covariance - np.diag(np.diag(covariance)), 0, atol=1e-4)
    eigenvalues = np.linalg.eigvalsh(np.cov(data.numpy().T, bias=True))[::-1][:5]
    np.testing.assert_allclose(
        np.diag(covariance), eigenvalues / (eigenvalues + 0.1 * eigenvalues.mean()), rtol=1e-3
    )


def test_vectors_that_nearly_agree_come_apart() -> None:
    data = samples() + 100
    raw = torch.nn.functional.normalize(data, dim=1)
    assert (raw @ raw.T).min() > 0.9
    white = Whitening.fit(data, 12)(data)
    assert (white @ white.T).mean().abs() < 0.01


def test_rows_have_length_one_and_the_mean_itself_zero() -> None:
    data = samples()
    fitted = Whitening.fit(data, 8)
    torch.testing.assert_close(fitted(data).norm(dim=1), torch.ones(len(data)))
    assert fitted(fitted.mean[None]).abs().max() == 0


def test_never_more_components_than_the_samples_say() -> None:
    assert Whitening.fit(samples(6), 64).matrix.shape == (12, 5)


def test_signs_do_not_depend_on_the_order_of_samples() -> None:
    data = samples()
    torch.testing.assert_close(
        Whitening.fit(data, 4).matrix, Whitening.fit(data.flip(0), 4).matrix, atol=1e-4, rtol=1e-4
    )
