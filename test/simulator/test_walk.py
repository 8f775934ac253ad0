import numpy as np
import pytest

from reobj.scans.simulator.freespace import FreeSpace
from reobj.scans.simulator.layouts import build_scene
from reobj.scans.simulator.rays import RayCaster
from reobj.scans.simulator.scene import Scene
from reobj.scans.simulator.walk import Walk, plan_walk
from reobj.scans.simulator.world import assemble
from reobj.types import check_pose

FPS = 10.0


@pytest.fixture(scope="module")
def scene() -> Scene:
    return build_scene(2, "kitchen")


@pytest.fixture(scope="module")
def walk(scene: Scene) -> Walk:
    return plan_walk(scene, None, FPS)


def headings(walk: Walk) -> np.ndarray:
    forward = walk.poses[:, :3, 2]
    return np.unwrap(np.arctan2(forward[:, 1], forward[:, 0]))


def visible(scene: Scene, walk: Walk) -> np.ndarray:
    """(N, objects + 1) whether an object covers 200 pixels of a 640x480 image, by 80x60 rays."""
    world = assemble(scene)
    caster = RayCaster(world.vertices, world.faces)
    focal = 577 / 8
    y, x = np.mgrid[0:60, 0:80]
    sight = np.stack([(x - 39.5) / focal, (y - 29.5) / focal, np.ones_like(x)], -1).reshape(-1, 3)
    seen = np.zeros((len(walk), len(scene.objects) + 1), bool)
    for i, pose in enumerate(walk.poses):
        rays = (sight @ pose[:3, :3].T).astype(np.float32)
        origins = np.tile(pose[:3, 3].astype(np.float32), (len(rays), 1))
        ids = world.object_id[caster.first_face(origins, rays)]
        seen[i] = np.bincount(ids, minlength=seen.shape[1]) >= 200 / 64
    seen[:, 0] = False
    return seen


def revisits(seen: np.ndarray, gap_frames: int) -> int:
    return sum(int((np.diff(np.flatnonzero(column)) > gap_frames).sum()) for column in seen.T)


def test_every_pose_is_a_rigid_transform(walk: Walk) -> None:
    for pose in walk.poses[::20]:
        check_pose(pose)


def test_the_camera_walks_at_half_a_metre_per_second(walk: Walk) -> None:
    speed = np.linalg.norm(np.diff(walk.poses[:, :2, 3], axis=0), axis=1) * FPS
    assert np.median(speed) == pytest.approx(0.5, abs=0.02)
    assert speed.max() < 0.52


def test_the_camera_is_held_at_a_persons_height(walk: Walk) -> None:
    assert walk.poses[:, 2, 3].min() > 1.2
    assert walk.poses[:, 2, 3].max() < 1.6


def test_the_camera_turns_less_than_sixty_degrees_per_second(walk: Walk) -> None:
    assert np.abs(np.diff(headings(walk))).max() * FPS < np.deg2rad(60)


@pytest.mark.parametrize("seed", [0, 3, 8])
def test_the_camera_touches_nothing(seed: int) -> None:
    scene = build_scene(seed)
    walk = plan_walk(scene, 300, FPS)
    assert FreeSpace(scene).clearance(walk.poses[:, :2, 3]).min() > 0.2


def test_no_surface_is_within_arms_length_of_the_camera(scene: Scene, walk: Walk) -> None:
    world = assemble(scene)
    distance = np.linalg.norm(world.vertices[None] - walk.poses[::60, None, :3, 3], axis=2)
    assert distance.min() > 0.2


def test_the_camera_looks_ahead_and_down(walk: Walk) -> None:
    down = -walk.poses[:, 2, 2]
    assert (down > 0.05).all()
    assert (down < 0.65).all()
    assert (walk.poses[:, 2, 1] < 0).all()  # the image's y axis points to the floor


def test_a_whole_walk_lasts_45_to_90_seconds(walk: Walk) -> None:
    assert 45 * FPS <= len(walk) <= 90 * FPS


def test_a_demo_length_walk_has_many_revisits_and_several_objects_in_view(scene: Scene) -> None:
    seen = visible(scene, plan_walk(scene, 450, FPS))
    assert revisits(seen, 30) >= 20
    assert np.median(seen.sum(axis=1)) >= 4


@pytest.mark.parametrize("seed", [0, 4])
def test_a_short_walk_still_comes_back(seed: int) -> None:
    scene = build_scene(seed)
    assert revisits(visible(scene, plan_walk(scene, 200, FPS)), 30) >= 3


def test_an_object_is_seen_again_from_another_place(scene: Scene, walk: Walk) -> None:
    seen = visible(scene, walk)
    apart = 0.0
    for column in seen.T:
        where = walk.poses[column, :2, 3]
        if len(where):
            apart = max(apart, float(np.linalg.norm(where - where[0], axis=1).max()))
    assert apart > 2.0


@pytest.mark.parametrize("frames", [1, 2, 5, 37])
def test_a_walk_has_as_many_frames_as_asked_for(scene: Scene, frames: int) -> None:
    walk = plan_walk(scene, frames, FPS)
    assert len(walk) == frames
    assert np.isfinite(walk.turn_rate).all()


def test_motion_agrees_with_the_next_pose(scene: Scene) -> None:
    walk = plan_walk(scene, 2000, 200.0)  # finely sampled, so that differences are derivatives
    i, step = 700, 1 / 200.0
    pose, following = walk.poses[i], walk.poses[i + 1]
    moved = pose[:3, :3].T @ (following[:3, 3] - pose[:3, 3]) / step
    assert np.allclose(walk.velocity[i], moved, atol=0.02)
    relative = pose[:3, :3].T @ following[:3, :3]
    axis = np.array([relative[2, 1], relative[0, 2], relative[1, 0]]) / step
    assert np.allclose(walk.turn_rate[i], axis, atol=0.05)


def test_the_path_depends_on_the_seed() -> None:
    a, b = (plan_walk(build_scene(seed, "office"), 20, FPS) for seed in (1, 2))
    assert not np.allclose(a.poses[0], b.poses[0])
