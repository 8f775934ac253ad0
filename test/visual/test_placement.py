from reobj.visual.placement import first_free


def test_the_first_place_that_covers_nothing_is_taken() -> None:
    assert first_free([(0, 0, 2, 2), (5, 5, 7, 7), (9, 9, 10, 10)], [(1, 1, 3, 3)]) == (5, 5, 7, 7)


def test_places_that_only_touch_do_not_cover_each_other() -> None:
    assert first_free([(0, 0, 2, 2)], [(2, 0, 4, 2), (0, 2, 2, 4)]) == (0, 0, 2, 2)


def test_without_a_free_place_there_is_none() -> None:
    assert first_free([(0, 0, 2, 2)], [(1, 1, 3, 3)]) is None
