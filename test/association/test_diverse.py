import numpy as np
import pytest

from reobj.association.map.diverse import effective_views, insert_diverse


def at(*degrees):
    """Unit vectors in the plane."""
    a = np.deg2rad(degrees)
    return np.stack([np.cos(a), np.sin(a)], axis=1).astype(np.float32)


def where(bank, count, new):
    return int(insert_diverse(bank[None], np.array([count]), new, 0.01)[0])


def test_a_near_duplicate_is_refused():
    assert where(at(0, 90, 0), 2, at(91)) == -1


def test_a_new_view_goes_behind_the_others_while_there_is_room():
    assert where(at(0, 90, 0), 2, at(45)) == 2


def test_in_a_full_bank_the_view_between_others_goes():
    # 20 and 40 are the closest pair; 20 is 20 degrees from 0, 40 is 50 degrees from 90
    assert where(at(0, 20, 90), 3, at(40)) == 1


def test_a_new_view_that_is_covered_best_itself_is_refused():
    assert where(at(0, 50, 120), 3, at(24)) == -1


def test_one_prototype_stays_what_it_is():
    assert where(at(0), 1, at(90)) == -1


def test_a_bank_ends_up_covering_the_circle():
    rng = np.random.default_rng(0)
    bank, count = np.repeat(at(0), 8, axis=0), 1
    for degree in rng.uniform(0, 360, 500):
        row = where(bank, count, at(degree))
        if row >= 0:
            bank[row] = at(degree)[0]
            count = max(count, row + 1)
    angles = np.sort(np.rad2deg(np.arctan2(bank[:, 1], bank[:, 0])))
    assert np.diff(angles, append=angles[0] + 360).max() < 90


def test_repeats_count_once_and_orthogonal_views_fully():
    assert effective_views(at(0, 0, 0), 0.3) == pytest.approx(1.0, abs=1e-5)
    assert effective_views(at(0, 90, 180), 0.3) == pytest.approx(3.0)


def test_a_half_new_view_counts_half():
    degrees = np.rad2deg(np.arccos(1 - 0.15))
    assert effective_views(at(0, degrees), 0.3) == pytest.approx(1.5, abs=1e-5)
