import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reobj.association.map.spatial_grid import SpatialGrid
from reobj.errors import InputError


def brute(positions, around, radius):
    """Compares each position with each place, one by one."""
    return [
        i
        for i, p in enumerate(positions)
        if any(np.linalg.norm(p - a) <= radius for a in around if np.isfinite(a).all())
    ]


def grid_of(positions, **kwargs):
    grid = SpatialGrid(**kwargs)
    grid.set(np.arange(len(positions)), np.asarray(positions, float))
    return grid


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from([0.0, 0.5, 2.0, 3.0, 40.0, np.inf]),
    st.sampled_from([1.0, 30.0, 1e4]),
)
def test_near_is_what_comparing_with_every_position_gives(seed, radius, size):
    rng = np.random.default_rng(seed)
    positions = rng.uniform(-size, size, (120, 3)) * (1, 1, 0.05)
    positions[rng.random(120) < 0.1] = np.nan
    around = rng.uniform(-size, size, (5, 3)) * (1, 1, 0.05)
    assert grid_of(positions).near(around, radius).tolist() == brute(positions, around, radius)


def test_large_maps_are_searched_by_cells_with_the_same_result():
    rng = np.random.default_rng(1)
    positions = rng.uniform(0, 60, (4000, 3)) * (1, 1, 0.05)
    around = np.concatenate([positions[:10], [[1e9, 0, 0], [-5, 30, 1]]])
    found = grid_of(positions).near(around, 3.0)
    assert found.tolist() == brute(positions, around, 3.0)
    assert 50 < len(found) < 2000


def test_positions_follow_when_objects_move_lose_their_place_and_are_removed():
    rng = np.random.default_rng(2)
    positions = rng.uniform(0, 10, (600, 3))
    grid, present = grid_of(positions), np.ones(600, bool)
    for _ in range(30):
        rows = rng.permutation(600)[:40]
        positions[rows] = rng.uniform(0, 10, (40, 3))
        positions[rows[:5]] = np.nan
        grid.set(rows, positions[rows])
        present[rows] = True
        gone = rng.permutation(600)[:10]
        grid.remove(gone)
        present[gone] = False
    shown = np.where(present[:, None], positions, np.nan)
    around = rng.uniform(0, 10, (3, 3))
    assert grid.near(around, 1.5).tolist() == brute(shown, around, 1.5)
    assert grid.unplaced().tolist() == np.flatnonzero(present & np.isnan(positions[:, 0])).tolist()
    assert grid.present().tolist() == present.tolist()


def test_a_place_exactly_on_the_radius_is_near():
    assert grid_of([[3.0, 0, 0], [3.001, 0, 0]]).near(np.zeros((1, 3)), 3.0).tolist() == [0]


def test_positions_beyond_the_last_cell_are_still_told_apart():
    far = np.array([[1e12, 0, 0], [-1e12, 0, 0], [1e12, 50, 0], *np.ones((600, 3))])
    assert grid_of(far).near(far[:1], 3.0).tolist() == [0]


def test_nothing_is_near_no_place_or_an_unknown_one():
    grid = grid_of(np.zeros((300, 3)))
    assert grid.near(np.zeros((0, 3)), 3.0).tolist() == []
    assert grid.near(np.full((1, 3), np.nan), np.inf).tolist() == []


def test_cells_that_are_left_take_no_memory():
    grid = SpatialGrid()
    for step in range(500):
        grid.set(np.array([0]), np.array([[3.0 * step, 0, 0]]))
    assert len(grid._rows_in) == 1


def test_positions_of_another_shape_are_refused():
    with pytest.raises(InputError, match="positions"):
        SpatialGrid().set(np.arange(2), np.zeros((2, 2)))
