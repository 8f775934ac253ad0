from reobj.association.covisibility import CoVisibility


def test_tracks_in_one_frame_cannot_be_each_others_objects():
    met = CoVisibility()
    met.observe(frozenset({1, 2}))
    met.hold(1, 70)
    assert met.met(2) == {70}
    assert met.met(1) == set()


def test_tracks_that_were_never_in_one_frame_may_be_the_same():
    met = CoVisibility()
    met.observe(frozenset({1}))
    met.hold(1, 70)
    met.observe(frozenset({2}))
    assert met.met(2) == set()


def test_it_counts_when_the_other_track_is_decided_after_it_left():
    met = CoVisibility()
    met.observe(frozenset({1, 2}))
    met.observe(frozenset({2}))
    met.hold(1, 70)
    assert met.met(2) == {70}


def test_what_was_met_stays_when_the_other_track_ended():
    met = CoVisibility()
    met.observe(frozenset({1, 2}))
    met.hold(1, 70)
    met.forget(frozenset({1}))
    assert met.met(2) == {70}


def test_a_track_that_arrives_meets_those_that_stayed_and_they_meet_it():
    met = CoVisibility()
    met.observe(frozenset({1}))
    met.hold(1, 70)
    assert met.observe(frozenset({1, 2})) == {2}
    met.hold(2, 80)
    assert (met.met(1), met.met(2)) == ({80}, {70})


def test_a_track_that_starts_anew_met_nobody_and_is_no_object():
    met = CoVisibility()
    met.observe(frozenset({1, 2}))
    met.hold(1, 70)
    met.hold(2, 80)
    met.forget(frozenset({1}))
    assert met.observe(frozenset({1, 3})) == {1, 3}
    assert (met.met(1), met.met(3)) == (set(), set())
    assert met.met(2) == {70}
