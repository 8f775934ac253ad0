from __future__ import annotations

import numpy as np
import pytest

from reobj.encoding.similarity import SimilarityCalibration
from reobj.errors import InputError

GOOD = {"slope": 10.0, "offset": -6.0, "match": 0.7, "new": 0.9, "pairs": 500, "error": 0.02}


def test_probabilities_are_logistic_in_the_similarity() -> None:
    found = SimilarityCalibration(**GOOD).probability(np.array([0.6, 0.8, -1.0]))  # type: ignore[arg-type]
    np.testing.assert_allclose(found, [0.5, 1 / (1 + np.exp(-2.0)), np.exp(-16.0)], rtol=1e-6)


def test_no_slope_says_nothing_at_any_similarity() -> None:
    flat = SimilarityCalibration(**GOOD | {"slope": 0.0, "offset": 0.0})  # type: ignore[arg-type]
    np.testing.assert_array_equal(flat.probability([-1.0, 0.0, 1.0]), 0.5)


def test_a_single_similarity_has_a_single_probability() -> None:
    assert SimilarityCalibration(**GOOD).probability(0.6).shape == ()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("slope", -1.0),
        ("slope", np.inf),
        ("offset", np.nan),
        ("match", 0.0),
        ("match", 1.0),
        ("new", np.nan),
        ("pairs", -1),
        ("error", 1.1),
        ("error", np.nan),
    ],
)
def test_values_out_of_range_are_named(key: str, value: float) -> None:
    with pytest.raises(InputError, match=f"{key}: expected"):
        SimilarityCalibration(**GOOD | {key: value})  # type: ignore[arg-type]
