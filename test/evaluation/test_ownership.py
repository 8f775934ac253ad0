from reobj.evaluation.ownership import IdTally


def tally(*frames: list[tuple[int, int]]) -> IdTally:
    result = IdTally()
    for given in frames:
        result.add(given)
    return result


def test_an_id_belongs_to_the_object_that_carried_it_in_most_frames() -> None:
    assert tally([(5, 1)], [(5, 2)], [(5, 2)]).owner(5) == 2


def test_of_equals_the_earlier_object_owns_the_id() -> None:
    assert tally([(5, 2)], [(5, 1)]).owner(5) == 2


def test_frames_that_show_no_true_object_do_not_vote() -> None:
    assert tally([(5, 0)], [(5, 0)], [(5, 3)]).owner(5) == 3


def test_an_id_never_seen_has_no_owner() -> None:
    assert tally([(5, 1)]).owner(6) == 0


def test_duplicates_are_the_ids_beyond_the_first_of_each_object() -> None:
    # object 1 has ids 5, 6 and 7 (two too many), object 2 has id 8; ids 9 and 10 show nothing true
    counted = tally([(5, 1), (8, 2), (9, 0)], [(6, 1), (10, 0)], [(7, 1)])
    assert counted.duplicates() == 2
    assert len(counted) == 6
