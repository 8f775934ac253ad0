import math

import numpy as np
import pytest

from reobj.association.evidence import Queries
from reobj.association.geometry import InstanceGeometry
from reobj.association.map.candidates import Candidates
from reobj.association.neighbourhood import NeighbourConfig, Neighbourhood
from reobj.errors import ConfigError

FREE = NeighbourConfig(most=100.0, strongest=100.0)


def asked(company, tracks=1):
    ones = np.ones((tracks, 1))
    return Queries(
        np.ones((tracks, 1, 2), np.float32),
        ones,
        np.ones(tracks),
        ones,
        InstanceGeometry.unknown(tracks),
        tuple(company),
    )


def candidates(*object_ids):
    n = len(object_ids)
    looks, labels = np.ones((n, 1, 2), np.float32), np.ones((n, 1))
    return Candidates(np.array(object_ids, np.int64), looks, labels, InstanceGeometry.unknown(n), n)


def plain(history, company, object_id, config):
    """What the company says for an object, by going through all moments."""
    known = [k for k in company if any(k in moment for moment in history)]
    alone = sum(object_id in moment for moment in history)
    total = 0.0
    for k in known:
        rate = (sum(k in moment for moment in history) + 1) / (len(history) + 2)
        both = sum(k in moment and object_id in moment for moment in history)
        ratio = math.log((both + config.doubt * rate) / (alone + config.doubt) / rate)
        total += min(max(ratio, 0.0), config.strongest)
    return total / len(known) * min(len(known), config.most) if known else 0.0


def observed(history, config=FREE):
    neighbourhood = Neighbourhood(config)
    for moment in history:
        neighbourhood.observe(moment)
    return neighbourhood


HALF = [{1, 2}] * 5 + [{3}] * 5


def test_who_was_seen_together_speaks_for_each_other():
    said = observed(HALF)(asked([2]), candidates(1, 3))
    # 2 is seen in (5 + 1) / (10 + 2) of the moments, and beside 1 in (5 + 5 / 2) / (5 + 5)
    np.testing.assert_allclose(said, [[math.log(0.75 / 0.5), 0.0]])


def test_all_tracks_are_told_the_same():
    said = observed(HALF)(asked([2], tracks=3), candidates(1, 3))
    np.testing.assert_allclose(said, [[math.log(1.5), 0.0]] * 3)


def test_company_in_which_an_object_was_never_seen_says_nothing_against_it():
    said = observed(HALF)(asked([1, 2]), candidates(3))
    assert said.tolist() == [[0.0]]


def test_strangers_and_an_empty_company_say_nothing():
    neighbourhood = observed(HALF)
    assert not neighbourhood(asked([]), candidates(1, 3)).any()
    assert not neighbourhood(asked([77]), candidates(1, 3)).any()
    with_stranger = neighbourhood(asked([2, 77]), candidates(1, 3))
    np.testing.assert_array_equal(with_stranger, neighbourhood(asked([2]), candidates(1, 3)))
    assert neighbourhood(asked([2]), candidates()).shape == (1, 0)
    assert not Neighbourhood(FREE)(asked([2]), candidates(1)).any()


def test_one_neighbour_says_at_most_so_much():
    long = [{1, 2}] * 50 + [{3}] * 950
    free = observed(long)(asked([2]), candidates(1))[0, 0]
    assert free > 2.0
    assert observed(long, NeighbourConfig(strongest=1.5))(asked([2]), candidates(1))[0, 0] == 1.5


def test_many_neighbours_count_as_a_few():
    history = [{1, 2, 3, 4, 5}] * 5 + [{9}] * 5
    one = observed(history)(asked([2]), candidates(1))[0, 0]
    four = observed(history, NeighbourConfig(most=2.0))(asked([2, 3, 4, 5]), candidates(1))[0, 0]
    assert four == pytest.approx(2 * one)
    assert not observed(history, NeighbourConfig(most=0.0))(asked([2, 3]), candidates(1)).any()


def random_walk(rng, moments=300):
    """Objects that come and go, about three of eight in view."""
    view: set[int] = set()
    for _ in range(moments):
        view ^= {int(k) for k in rng.choice(np.arange(1, 9), rng.integers(0, 3), replace=False)}
        yield view


@pytest.mark.parametrize("config", [FREE, NeighbourConfig()])
def test_books_kept_by_the_change_are_those_of_a_plain_count(config):
    rng = np.random.default_rng(1)
    neighbourhood, history = Neighbourhood(config), []
    for step, view in enumerate(random_walk(rng)):
        neighbourhood.observe(view)
        history.append(set(view))
        if step % 7:
            continue
        company = rng.choice(np.arange(1, 9), 3, replace=False).tolist()
        others = sorted(set(range(1, 10)) - set(company))
        expected = [plain(history, company, i, config) for i in others]
        np.testing.assert_allclose(neighbourhood(asked(company), candidates(*others))[0], expected)


def test_after_a_merge_it_is_as_if_both_had_been_one_all_the_time():
    """Sixteen names for eight objects: two names of one are never in view at once."""
    rng = np.random.default_rng(2)
    neighbourhood, history = Neighbourhood(FREE), []
    alias = {k: k for k in range(1, 9)}
    for step, view in enumerate(random_walk(rng, 400)):
        if step % 20 == 10:
            for k in rng.choice(np.arange(1, 9), 2, replace=False).tolist():
                alias[k] = k + 8 if k not in view and alias[k] == k else alias[k]
        if step % 60 == 59:
            k = int(rng.integers(1, 9))  # in view or not, under its new name or not
            neighbourhood.follow(lambda i, k=k: k if i == k + 8 else i)
            alias[k] = k
            history = [{k if i == k + 8 else i for i in moment} for moment in history]
        names = {alias[k] for k in view}
        neighbourhood.observe(names)
        history.append(names)
        known = sorted(set.union(*history))
        company = rng.choice(known, min(3, len(known)), replace=False).tolist()
        others = [i for i in known if i not in company] or [99]
        expected = [plain(history, company, i, FREE) for i in others]
        np.testing.assert_allclose(neighbourhood(asked(company), candidates(*others))[0], expected)


def test_a_map_that_was_loaded_counts_as_one_moment_of_who_was_seen_with_whom():
    neighbourhood = Neighbourhood(FREE)
    neighbourhood.remember({1: {2}, 2: {1}, 3: {4}, 4: {3}})
    # 2 is seen in (1 + 1) / (1 + 2) of the moments; 5 is the doubt
    rate = 2 / 3
    expected = math.log((1 + 5 * rate) / (1 + 5) / rate)
    said = neighbourhood(asked([2]), candidates(1, 3, 9))
    np.testing.assert_allclose(said, [[expected, 0.0, 0.0]])
    neighbourhood.observe({1, 2})
    rate = 3 / 4
    expected = math.log((2 + 5 * rate) / (2 + 5) / rate)
    np.testing.assert_allclose(neighbourhood(asked([2]), candidates(1)), [[expected]])


def test_cleared_it_knows_nobody():
    neighbourhood = observed(HALF)
    neighbourhood.clear()
    assert not neighbourhood(asked([2]), candidates(1)).any()
    for moment in HALF:
        neighbourhood.observe(moment)
    np.testing.assert_allclose(neighbourhood(asked([2]), candidates(1)), [[math.log(1.5)]])


@pytest.mark.parametrize("key", ["most", "strongest", "doubt"])
@pytest.mark.parametrize("value", [-0.1, math.inf, math.nan])
def test_a_value_out_of_range_names_its_key(key, value):
    with pytest.raises(ConfigError, match=f"neighbours.{key}"):
        NeighbourConfig(**{key: value})


def test_a_moment_is_a_frame_of_one_camera():
    """Two cameras in turn: who is in view of both at once is not together for that."""
    rng = np.random.default_rng(3)
    neighbourhood, history = Neighbourhood(FREE), []
    walks = {"front": random_walk(rng), "left": random_walk(rng)}
    for step in range(300):
        camera = str(rng.choice(["front", "left"]))
        view = next(walks[camera])
        neighbourhood.observe(view, camera)
        history.append(set(view))
        if step % 50 == 20:
            neighbourhood.leave(camera)  # what it saw stays counted
        if step % 7:
            continue
        company = rng.choice(np.arange(1, 9), 3, replace=False).tolist()
        others = sorted(set(range(1, 10)) - set(company))
        expected = [plain(history, company, i, FREE) for i in others]
        np.testing.assert_allclose(neighbourhood(asked(company), candidates(*others))[0], expected)


def test_a_camera_that_saw_nothing_can_be_left():
    neighbourhood = observed(HALF)
    neighbourhood.leave("left")
    np.testing.assert_allclose(neighbourhood(asked([2]), candidates(1)), [[math.log(1.5)]])
