import numpy as np
import pytest

from reobj.scans.simulator import shapes
from reobj.scans.simulator.catalog import electronics, seating, soft, tables, tableware
from reobj.scans.simulator.mesh import Mesh, merge, rotation_matrix

BODIES = {
    "box": (shapes.box((0.4, 0.5, 0.6)), 0.4 * 0.5 * 0.6),
    "rounded_box": (shapes.rounded_box((1.0, 1.0, 1.0), 0.49), None),
    "cylinder": (shapes.cylinder(0.2, 0.5, 60), np.pi * 0.04 * 0.5),
    "ball": (shapes.ball(0.3), 4 / 3 * np.pi * 0.027),
}


def volume(mesh: Mesh) -> float:
    """Divergence theorem; positive when the faces are counter-clockwise from outside."""
    a, b, c = (mesh.vertices[mesh.faces[:, i]].astype(np.float64) for i in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


@pytest.mark.parametrize("name", ["box", "cylinder", "ball"])
def test_a_closed_body_has_its_volume(name: str) -> None:
    mesh, expected = BODIES[name]
    assert volume(mesh) == pytest.approx(expected, rel=0.08)


@pytest.mark.parametrize("name", list(BODIES))
def test_normals_point_out_of_a_convex_body(name: str) -> None:
    mesh, _ = BODIES[name]
    middle = (mesh.low + mesh.high) / 2
    assert (np.einsum("ij,ij->i", mesh.normals, mesh.vertices - middle) > -1e-6).all()
    assert np.allclose(np.linalg.norm(mesh.normals, axis=1), 1, atol=1e-5)


def test_flat_faces_are_cut_to_the_step() -> None:
    mesh = shapes.patch((0, 0, 0), (1, 0, 0), (0, 0.5, 0), step=0.1)
    assert len(mesh.faces) == 10 * 5 * 2
    assert np.allclose(mesh.normals, [0, 0, 1])


def test_a_rounded_box_keeps_its_size() -> None:
    mesh = shapes.rounded_box((0.6, 0.4, 0.2), 0.05)
    assert np.allclose(mesh.high - mesh.low, [0.6, 0.4, 0.2], atol=1e-5)


def test_a_picture_plane_is_upright_and_faces_the_front() -> None:
    mesh = shapes.facing(2.0, 1.0)
    top = mesh.vertices[:, 2] == mesh.vertices[:, 2].max()
    assert np.allclose(mesh.uv[top, 1], 0)  # image rows count from the top
    assert np.allclose(mesh.normals, [0, -1, 0])


def test_turning_is_a_rotation_about_z_by_yaw() -> None:
    assert np.allclose(rotation_matrix(np.pi / 2) @ [1, 0, 0], [0, 1, 0])


def test_merging_keeps_every_face_on_its_own_vertices() -> None:
    a, b = shapes.box((1, 1, 1)), shapes.box((1, 1, 1), (5, 0, 0))
    both = merge([a, b])
    assert volume(both) == pytest.approx(2.0, rel=1e-4)


PRODUCTS = {
    seating.wooden_chair: (0.4, 0.8, 1.1),
    seating.office_chair: (0.4, 0.8, 1.4),
    seating.couch: (1.4, 0.6, 0.95),
    seating.bed: (0.9, 0.7, 1.2),
    electronics.laptop: (0.3, 0.15, 0.3),
    electronics.monitor: (0.45, 0.3, 0.6),
    tableware.cup: (0.07, 0.08, 0.12),
    tableware.bottle: (0.06, 0.2, 0.33),
    tableware.book: (0.14, 0.01, 0.06),
    soft.backpack: (0.3, 0.4, 0.6),
    soft.teddy_bear: (0.2, 0.3, 0.45),
}


@pytest.mark.parametrize("maker", list(PRODUCTS), ids=lambda m: m.__name__)
def test_a_product_stands_on_the_floor_and_has_a_plausible_size(maker) -> None:
    width, low, high = PRODUCTS[maker]
    model = maker(np.random.default_rng(4), "x")
    assert model.mesh.low[2] == pytest.approx(0, abs=0.011)
    assert low <= model.size[2] <= high
    assert model.size[0] >= width * 0.9


def test_a_product_of_the_same_random_numbers_is_the_same() -> None:
    a, b = (tables.dining_table(np.random.default_rng(1), "t", 1.6, 0.9) for _ in range(2))
    assert np.array_equal(a.mesh.vertices, b.mesh.vertices)
    assert a.materials == b.materials
