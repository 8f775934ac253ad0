from __future__ import annotations

import numpy as np
import pytest
from depth_scenes import CAMERA, FLOOR, TABLE, draw
from scipy import ndimage

from reobj.detection.depth.depth_cells import fit_cells
from reobj.detection.depth.depth_cuts import concave_creases, connected_surfaces, give_back, larger_than
from reobj.detection.depth.depth_grid import DepthGrid, GridMaker
from reobj.detection.depth.depth_planes import Structure, find_structure
from reobj.detection.depth.depth_surfaces import measure


def grid_of(*boxes: object) -> tuple[DepthGrid, np.ndarray]:
    depth, which = draw(*boxes)  # type: ignore[arg-type]
    return GridMaker(5.0)(depth, CAMERA), which[1::2, 1::2]


def test_inverse_depth_of_a_plane_is_linear_in_the_lines_of_sight() -> None:
    grid, which = grid_of(FLOOR)
    seen = (which == 1) & grid.known
    design = np.stack([*grid.rays[:, seen], np.ones(seen.sum())], -1)
    solution, *_ = np.linalg.lstsq(design, grid.q[seen], rcond=None)
    # The floor is 1.2 m below: n . X = 1.2 with n = (0, cos 30, sin 30), so a, b, c = n / 1.2.
    np.testing.assert_allclose(solution, [0, np.cos(np.pi / 6) / 1.2, 0.5 / 1.2], atol=2e-3)


def test_every_cell_of_a_plane_is_fitted_with_that_plane() -> None:
    grid, _ = grid_of(FLOOR)
    cells = fit_cells(grid, grid.tolerance(0.01, 0.004))
    expected = np.tile([0, np.cos(np.pi / 6) / 1.2, 0.5 / 1.2], (len(cells), 1))
    assert len(cells) > 300
    inside = cells.rows > cells.rows.min()  # the median rounds the far edge off
    np.testing.assert_allclose(cells.planes[inside], expected[inside], atol=5e-3)


@pytest.mark.parametrize(("area", "is_structure"), [(0.5, True), (2.0, False)])
def test_a_table_top_is_structure_by_its_visible_area(area: float, is_structure: bool) -> None:
    grid, which = grid_of(FLOOR, TABLE)  # 1.4 m^2 of table
    found = find_structure(grid, grid.tolerance(0.01, 0.004), area, 1.0)
    top = ndimage.binary_erosion((which == 2) & grid.known, iterations=5)
    assert found.part_of[top].mean() == pytest.approx(float(is_structure), abs=0.02)
    floor = ndimage.binary_erosion((which == 1) & grid.known, iterations=5)
    assert found.part_of[floor].mean() > 0.98


def test_what_floats_at_the_height_of_a_table_is_no_part_of_it_but_near_its_plane() -> None:
    beside = ((0.9, 0.73, 1.3), (1.2, 0.75, 1.6))
    grid, which = grid_of(FLOOR, TABLE, beside)
    found = find_structure(grid, grid.tolerance(0.01, 0.004), 0.5, 1.0)
    small = ndimage.binary_erosion(which == 3, iterations=3)
    assert found.near[small].all()


def small_grid(q: np.ndarray) -> DepthGrid:
    rays = np.zeros((2, *q.shape), np.float32)
    return DepthGrid(q.astype(np.float32), rays, (1 / 300) ** 2, 2)


def test_a_valley_is_concave_and_a_ridge_is_not() -> None:
    v = np.abs(np.arange(40) - 20)[None, :] / 300 * np.ones((40, 1))  # slope 1 to both sides, at 1 m
    tolerance = np.full((40, 40), 1e-3, np.float32)
    valley = concave_creases(small_grid(1 / (1.2 - v)), tolerance, 0.5)
    assert valley[10:30, 20].all() and not valley[:, :16].any() and not valley[:, 25:].any()
    assert not concave_creases(small_grid(1 / (1.0 + v)), tolerance, 0.5).any()


def test_surfaces_are_those_of_a_flood_fill_over_small_steps() -> None:
    rng = np.random.default_rng(3)
    q = rng.choice([1.0, 1.01, 1.5], (12, 15), p=[0.3, 0.3, 0.4]).astype(np.float32)
    core = rng.random((12, 15)) < 0.8
    numbers = connected_surfaces(small_grid(q), core, np.full((12, 15), 0.1, np.float32))
    slow, count = np.zeros((12, 15), int), 0
    for start in zip(*np.nonzero(core), strict=True):
        if slow[start]:
            continue
        count += 1
        stack, slow[start] = [start], count
        while stack:
            r, c = stack.pop()
            for n in ((r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)):
                inside = 0 <= n[0] < 12 and 0 <= n[1] < 15
                if inside and core[n] and not slow[n] and abs(q[n] - q[r, c]) < 0.1:
                    slow[n] = count
                    stack.append(n)
    assert len(np.unique(numbers[core])) == count
    assert len(np.unique(np.stack([numbers[core], slow[core]]), axis=1).T) == count


def test_what_was_cut_goes_to_the_nearest_surface_within_reach() -> None:
    numbers = np.zeros((1, 12), np.int32)
    numbers[0, 0], numbers[0, 3] = 5, 9
    given = give_back(numbers, np.ones((1, 12), bool))
    assert given.tolist() == [[5, 5, 9, 9, 9, 9, 9, 0, 0, 0, 0, 0]]


def test_small_surfaces_go_and_the_others_are_numbered_by_size() -> None:
    numbers = np.array([[7, 7, 7, 2, 2, 5, 0]], np.int32)
    assert larger_than(numbers, 2).tolist() == [[1, 1, 1, 2, 2, 0, 0]]


def test_measures_of_a_square_and_of_a_strip_at_the_edge() -> None:
    labels = np.zeros((20, 30), np.uint16)
    labels[5:11, 5:11], labels[18:20, 10:20] = 1, 2
    q = np.where(labels > 0, 1.0, 0.5)  # objects at 1 m, all else at 2 m
    q[5:11, 11] = 1.2  # something nearer to the right of the square
    nothing = Structure(*np.zeros((2, 20, 30), bool))
    found = measure(small_grid(q), labels, nothing)
    np.testing.assert_allclose(found.part, [36 / 600, 20 / 600])
    np.testing.assert_allclose(found.thickness_px, [2 * 36 / 24, 2 * 20 / 24])
    np.testing.assert_allclose(found.thickness_m, found.thickness_px / 300, rtol=1e-6)
    np.testing.assert_allclose(found.across_m, np.hypot([6, 10], [6, 2]) / 300, rtol=1e-6)
    np.testing.assert_allclose(found.clear, [18 / 24, 14 / 24])  # one of four sides hidden; one long side cut
