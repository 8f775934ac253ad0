from collections import Counter

import numpy as np
import pytest

from reobj.errors import InputError
from reobj.scans.simulator.labels import LABEL_IDS, OBJECT_IDS
from reobj.scans.simulator.layouts import LAYOUTS, build_scene
from reobj.scans.simulator.scene import Placement, Scene

NAMED = [layout for layout in LAYOUTS if layout != "random"]


@pytest.fixture(scope="module", params=[(3, name) for name in NAMED], ids=NAMED)
def scene(request: pytest.FixtureRequest) -> Scene:
    return build_scene(*request.param)


def separated(a: Placement, b: Placement) -> bool:
    """Separating-axis test of two upright boxes, 5 mm of tolerance."""
    slack = 0.005
    if a.bottom >= b.top - slack or b.bottom >= a.top - slack:
        return True
    for box in (a.corners, b.corners):
        for edge in (box[1] - box[0], box[2] - box[1]):
            axis = edge / np.linalg.norm(edge)
            pa, pb = a.corners @ axis, b.corners @ axis
            if pa.max() <= pb.min() + slack or pb.max() <= pa.min() + slack:
                return True
    return False


def test_a_room_has_at_least_eight_classes_and_twenty_five_objects(scene: Scene) -> None:
    assert len({p.model.label for p in scene.objects}) >= 8
    assert 25 <= len(scene.objects) <= 60


def test_most_objects_have_an_identical_copy(scene: Scene) -> None:
    copies = Counter(p.model.name for p in scene.objects)
    assert sum(n for n in copies.values() if n > 1) >= len(scene.objects) / 2


def test_copies_share_one_mesh_and_one_set_of_materials(scene: Scene) -> None:
    models = {}
    for p in scene.objects:
        assert models.setdefault(p.model.name, p.model) is p.model


def test_object_ids_count_from_one_without_a_gap(scene: Scene) -> None:
    assert [p.object_id for p in scene.objects] == list(range(1, len(scene.objects) + 1))


def test_background_is_no_object(scene: Scene) -> None:
    for p in scene.placements:
        assert (p.object_id > 0) == (p.model.label in OBJECT_IDS)
    assert {"wall", "floor", "ceiling", "door"} <= {
        p.model.label for p in scene.placements if p.object_id == 0
    }


def test_standing_objects_do_not_overlap(scene: Scene) -> None:
    # A pushed-in chair reaches under its table, a bear sits on a blanket: boxes of those may meet.
    hollow = {"dining table", "desk", "bed"}
    objects = [p for p in scene.objects if p.model.label not in hollow]
    clashes = [
        (a.model.name, b.model.name)
        for i, a in enumerate(objects)
        for b in objects[i + 1 :]
        if not separated(a, b)
    ]
    assert clashes == []


def test_nothing_reaches_through_a_wall(scene: Scene) -> None:
    size = np.array([scene.room.width, scene.room.depth])
    for p in scene.objects:
        assert (p.corners >= -0.001).all(), p.model.name
        assert (p.corners <= size + 0.001).all(), p.model.name
        assert p.bottom >= -0.001
        assert p.top <= scene.room.height


def test_small_things_rest_on_something(scene: Scene) -> None:
    heights = {round(p.top, 2) for p in scene.placements}
    for p in scene.objects:
        on_floor = p.bottom < 0.02
        on_surface = any(abs(p.bottom - h) < 0.02 for h in heights)
        in_surface = p.model.label in (
            "sink",
            "teddy bear",
            "bottle",
            "cup",
            "bowl",
            "microwave",
            "laptop",
            "vase",
        )
        assert on_floor or on_surface or in_surface, (p.model.name, p.bottom)


def test_the_same_seed_gives_the_same_room() -> None:
    a, b = build_scene(5, "office"), build_scene(5, "office")
    assert [(p.model.name, p.position, p.yaw) for p in a.placements] == [
        (p.model.name, p.position, p.yaw) for p in b.placements
    ]
    for p, q in zip(a.placements, b.placements, strict=True):
        assert np.array_equal(p.model.mesh.vertices, q.model.mesh.vertices)
        assert p.model.materials == q.model.materials


def test_another_seed_gives_another_room_and_other_products() -> None:
    a, b = build_scene(5, "office"), build_scene(6, "office")
    assert a.room != b.room
    assert {m for p in a.objects for m in p.model.materials} != {
        m for p in b.objects for m in p.model.materials
    }
    assert not np.array_equal(a.lamps[0].radiance, b.lamps[0].radiance)


def test_random_layout_is_one_of_the_named_ones_and_depends_on_the_seed() -> None:
    chosen = {build_scene(seed).layout for seed in range(4)}
    assert chosen <= set(NAMED)
    assert len(chosen) > 1


def test_label_ids_are_distinct_and_fit_16_bits() -> None:
    assert len(set(LABEL_IDS.values())) == len(LABEL_IDS)
    assert all(0 < i < 2**16 for i in LABEL_IDS.values())


@pytest.mark.parametrize(("seed", "layout"), [(-1, "office"), (1, "castle")])
def test_bad_arguments_are_named(seed: int, layout: str) -> None:
    with pytest.raises(InputError, match="expected"):
        build_scene(seed, layout)
