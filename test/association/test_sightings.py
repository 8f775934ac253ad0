from reobj.association.sightings import Sightings

S = 1_000_000_000


def test_an_object_is_in_the_visit_of_the_camera_that_saw_it_a_moment_ago():
    sightings = Sightings()
    sightings.note("front", {1: 10, 2: 20}, 5 * S)
    sightings.note("left", {1: 11}, 5 * S)
    assert [sightings.visit_of(name, 1, 6 * S - 1) for name in ("front", "left", "rear")] == [10, 11, 0]
    assert sightings.visit_of("left", 2, 5 * S) == 0


def test_a_second_later_it_is_out_of_view():
    sightings = Sightings()
    sightings.note("front", {1: 10, 2: 20}, 5 * S)
    sightings.note("front", {2: 20}, 5 * S + 1)
    assert [sightings.visit_of("front", i, 6 * S) for i in (1, 2)] == [0, 20]


def test_elsewhere_is_in_view_of_another_camera_be_it_ahead_or_behind():
    sightings = Sightings()
    sightings.note("front", {1: 10}, 5 * S)
    sightings.note("left", {2: 20}, 5 * S)
    for stamp_ns, others in ((4 * S, ()), (4 * S + 1, (2,)), (6 * S - 1, (2,)), (6 * S, ())):
        assert sightings.elsewhere("front", stamp_ns) == set(others)


def test_a_camera_that_is_forgotten_saw_nothing():
    sightings = Sightings()
    sightings.note("front", {1: 10}, 5 * S)
    sightings.forget("front")
    sightings.forget("rear")
    assert sightings.visit_of("front", 1, 5 * S) == 0
    assert sightings.elsewhere("left", 5 * S) == frozenset()
