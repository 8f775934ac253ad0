import numpy as np
import pytest

from reobj.errors import InputError
from reobj.evaluation.calibration_error import calibration_error, reliability


def test_the_error_is_the_mean_gap_between_what_was_said_and_what_came() -> None:
    sure = np.array([0.9, 0.9, 0.95, 0.6])
    right = np.array([True, False, True, True])
    # bin .9 to 1: said 2.75 / 3, right 2 / 3, gap .25; bin .6 to .7: said .6, right 1, gap .4
    assert calibration_error(reliability(sure, right)) == pytest.approx((3 * 0.25 + 0.4) / 4)


def test_bins_agree_with_a_plain_loop() -> None:
    rng = np.random.default_rng(3)
    sure, right = rng.random(300), rng.random(300) < 0.5
    for row, found in enumerate(reliability(sure, right, bins=7)):
        inside = [k for k in range(300) if row / 7 <= sure[k] < (row + 1) / 7]
        assert found.count == len(inside)
        assert found.confidence == pytest.approx(sum(sure[k] for k in inside) / len(inside))
        assert found.accuracy == pytest.approx(sum(bool(right[k]) for k in inside) / len(inside))


def test_a_certain_prediction_is_in_the_last_bin() -> None:
    assert [b.count for b in reliability(np.ones(2), np.ones(2, bool), bins=4)] == [0, 0, 0, 2]


def test_nothing_said_has_no_error() -> None:
    assert calibration_error(reliability(np.zeros(0), np.zeros(0, bool))) is None


@pytest.mark.parametrize("sure", [[1.2], [-0.1], [float("nan")]])
def test_what_is_no_probability_is_refused(sure: list[float]) -> None:
    with pytest.raises(InputError, match="probabilities"):
        reliability(np.array(sure), np.array([True]))
