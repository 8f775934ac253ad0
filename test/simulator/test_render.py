import numpy as np
import pytest

from reobj.scans.simulator.atlas import build_atlas
from reobj.scans.simulator.bake import bake
from reobj.scans.simulator.catalog.builder import Builder
from reobj.scans.simulator.catalog.palette import grey, plain
from reobj.scans.simulator.rays import RayCaster
from reobj.scans.simulator.render import Renderer, Rendering
from reobj.scans.simulator.scene import Lamp, Material, Model, Placement, Room, Scene, Texture
from reobj.scans.simulator.shapes import box, patch
from reobj.scans.simulator.world import World, assemble
from reobj.types import Intrinsics

WIDTH, HEIGHT = 80, 60
CAMERA = Intrinsics(70.0, 70.0, 39.5, 29.5, WIDTH, HEIGHT)
SIDE = 6.0
MATT = plain(grey(0.7), gloss=0.0)
#: Looks along +y, upright, from (3, 1, 1.5).
POSE = np.array([[1, 0, 0, 3], [0, 0, 1, 1], [0, -1, 0, 1.5], [0, 0, 0, 1]], np.float64)


def model(name: str, label: str, *shapes, material: Material = MATT) -> Model:
    made = Builder()
    made.add(material, *shapes)
    return made.model(name, label)


def cell(*things: Placement, lamp_at: float = 2.9) -> tuple[Scene, World]:
    """A room of 6 x 6 x 3 m whose inside is one box turned inside out, with one lamp."""
    inside = [
        patch((0, 0, 0), (SIDE, 0, 0), (0, SIDE, 0)),
        patch((0, SIDE, 3), (SIDE, 0, 0), (0, -SIDE, 0)),
        patch((0, SIDE, 0), (SIDE, 0, 0), (0, 0, 3)),
        patch((SIDE, 0, 0), (-SIDE, 0, 0), (0, 0, 3)),
        patch((0, 0, 0), (0, SIDE, 0), (0, 0, 3)),
        patch((SIDE, SIDE, 0), (0, -SIDE, 0), (0, 0, 3)),
    ]
    lamp = Lamp(
        np.array([2.8, 3.2, lamp_at], np.float32),
        np.array([0.4, 0, 0], np.float32),
        np.array([0, -0.4, 0], np.float32),
        np.ones(3, np.float32) * 20,
    )
    shell = Placement(model("shell", "wall", *inside), (0, 0, 0))
    scene = Scene(0, "office", Room(SIDE, SIDE, 3), (shell, *things), (lamp,), np.zeros((0, 2)))
    return scene, assemble(scene)


def look(*things: Placement, pose: np.ndarray = POSE) -> Rendering:
    scene, world = cell(*things)
    atlas = build_atlas(world.textures)
    light = bake(world, scene.lamps, RayCaster(world.vertices, world.faces), atlas.means[world.texture])
    return Renderer(world, light, atlas, CAMERA).render(pose)


def cube(object_id: int, x: float, y: float, label: str = "chair") -> Placement:
    return Placement(model(f"cube-{object_id}", label, box((0.5, 0.5, 0.5))), (x, y, 1.5), 0.0, object_id)


def test_depth_of_a_facing_wall_is_its_distance_in_every_pixel_that_shows_it() -> None:
    view = look()
    wall = view.depth[20:40]  # the wall is 3 m high, 5 m away: 42 rows of 60
    assert np.allclose(wall[:, 10:70], 5.0, atol=1e-4)


def test_depth_of_the_floor_agrees_with_the_pinhole_model() -> None:
    view = look()
    row = 58
    assert np.allclose(view.depth[row, 30:50], 1.5 / ((row - CAMERA.cy) / CAMERA.fy), atol=1e-4)


def test_an_object_is_where_its_pose_and_the_camera_put_it() -> None:
    view = look(cube(7, 3.6, 4.0))
    rows, columns = np.nonzero(view.object_id == 7)
    # The front face, 2.75 m ahead, spans x from 0.35 to 0.85 m, the hidden back face starts further left.
    assert columns.max() == pytest.approx(CAMERA.cx + CAMERA.fx * 0.85 / 2.75, abs=1)
    assert columns.min() == pytest.approx(CAMERA.cx + CAMERA.fx * 0.35 / 3.25, abs=1)
    assert rows.mean() == pytest.approx(CAMERA.cy, abs=1)
    assert np.allclose(view.depth[30, 52], 2.75, atol=1e-4)


def test_a_nearer_object_hides_a_farther_one() -> None:
    view = look(cube(1, 3.0, 2.5), cube(2, 3.0, 5.0))
    assert view.object_id[30, 40] == 1
    assert not (view.object_id == 2).any()


def test_background_has_a_label_but_no_instance() -> None:
    view = look(cube(3, 3.0, 4.0))
    assert set(np.unique(view.object_id)) == {0, 3}
    assert set(np.unique(view.label_id)) == {1, 2}  # wall, chair in ScanNet's label map
    assert ((view.label_id == 2) == (view.object_id == 3)).all()


def test_facing_is_the_cosine_at_the_surface() -> None:
    view = look()
    ray = np.array([(0 - CAMERA.cx) / CAMERA.fx, (30 - CAMERA.cy) / CAMERA.fy, 1.0])
    # The leftmost pixel shows the wall x = 0 at this angle: 3 m to the side is nearer than 5 m ahead.
    expected = 1 / np.linalg.norm(ray) if 5 * ray[0] > -3 else -ray[0] / np.linalg.norm(ray)
    assert view.facing[30, 0] == pytest.approx(expected, abs=1e-3)


def test_direct_light_agrees_with_the_integral_over_the_lamp() -> None:
    scene, world = cell()
    caster = RayCaster(world.vertices, world.faces)
    light = bake(world, scene.lamps, caster, np.zeros((len(world.faces), 3), np.float32))  # black: no bounce
    below = int(np.argmin(np.linalg.norm(world.vertices - [3, 3, 0], axis=1)))
    step = (np.arange(50) + 0.5) / 50 * 0.4 - 0.2
    dx, dy = np.meshgrid(step, step)
    squared = dx**2 + dy**2 + 2.9**2
    expected = 20 / np.pi * (2.9**2 / squared**2).mean() * 0.16
    assert light[below] == pytest.approx(np.full(3, expected), rel=0.02)


def test_the_floor_under_an_object_is_in_shadow() -> None:
    plate = Placement(model("plate", "chair", box((1.0, 1.0, 0.1))), (3.0, 3.0, 1.0), 0.0, 1)
    scene, world = cell(plate)
    caster = RayCaster(world.vertices, world.faces)
    light = bake(world, scene.lamps, caster, np.full((len(world.faces), 3), 0.4, np.float32))[:, 0]
    floor = (world.vertices[:, 2] == 0) & (world.normals[:, 2] > 0.9)
    distance = np.linalg.norm(world.vertices[:, :2] - [3, 3], axis=1)
    shaded, free = light[floor & (distance < 0.3)], light[floor & (np.abs(distance - 1.5) < 0.2)]
    assert shaded.max() < 0.5 * free.min()
    assert shaded.min() > 0  # what bounces off the walls reaches it


def test_bounced_light_adds_to_direct_light() -> None:
    scene, world = cell()
    caster = RayCaster(world.vertices, world.faces)
    dark = bake(world, scene.lamps, caster, np.zeros((len(world.faces), 3), np.float32))
    bright = bake(world, scene.lamps, caster, np.full((len(world.faces), 3), 0.5, np.float32))
    assert (bright >= dark - 1e-6).all()
    assert bright.mean() > 1.1 * dark.mean()


def test_edges_are_smooth() -> None:
    dark = plain((0.05, 0.05, 0.05), gloss=0.0)
    turned = Placement(model("c", "chair", box((0.6, 0.6, 0.6)), material=dark), (3.0, 3.0, 1.5), 0.4, 1)
    pose = POSE.copy()
    pose[:3, :3] = pose[:3, :3] @ np.array([[0.995, -0.1, 0], [0.1, 0.995, 0], [0, 0, 1]])
    row = look(turned, pose=pose).colour[30, :, 1]
    inside, outside = row[38:42].mean(), row[5:15].mean()
    between = (row > inside + 0.2 * (outside - inside)) & (row < inside + 0.8 * (outside - inside))
    assert between.any()


def test_a_far_texture_does_not_alias() -> None:
    stripes = Material(Texture("keys", ((0.9, 0.9, 0.9), (0.05, 0.05, 0.05))), repeat=0.05)
    sheet = Placement(
        model("s", "chair", patch((1, 5.9, 0.5), (4, 0, 0), (0, 0, 2)), material=stripes), (0, 0, 0), 0, 1
    )
    view = look(sheet)
    inside = view.colour[28:32, 30:50, 1]
    assert inside.std() < 0.15 * inside.mean()


@pytest.mark.parametrize(("gloss", "least", "most"), [(0.9, 0.1, 9.0), (0.0, 0.0, 0.02)])
def test_gloss_mirrors_what_stands_behind_the_camera(gloss: float, least: float, most: float) -> None:
    black = plain((0.02, 0.02, 0.02), gloss=gloss)
    sheet = model("m", "tv", patch((1, 5.9, 0.5), (4, 0, 0), (0, 0, 2)), material=black)
    wall = look().colour[30, 40, 1]
    share = look(Placement(sheet, (0, 0, 0), 0.0, 1)).colour[30, 40, 1] / wall
    assert least < share <= most
