import numpy as np
import pytest

from reobj.association.tracks.gallery import remember, smallest_distance

RNG = np.random.default_rng(0)


def unit(*shape):
    x = RNG.standard_normal(shape)
    return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)


def test_distance_is_the_smallest_over_the_gallery():
    gallery, embeddings = unit(4, 6, 8), unit(5, 8)
    expected = [[min(1 - float(r @ e) for r in g) for e in embeddings] for g in gallery]
    got = smallest_distance(gallery, embeddings, np.ones((4, 5), dtype=bool))
    np.testing.assert_allclose(got, expected, atol=1e-6)


def test_pairs_that_are_not_wanted_are_infinite_and_the_others_the_same():
    gallery, embeddings = unit(4, 6, 8), unit(5, 8)
    wanted = RNG.random((4, 5)) < 0.4
    everything = smallest_distance(gallery, embeddings, np.ones((4, 5), dtype=bool))
    got = smallest_distance(gallery, embeddings, wanted)
    assert np.isinf(got[~wanted]).all()
    np.testing.assert_allclose(got[wanted], everything[wanted], atol=1e-6)


def test_nothing_wanted_is_all_infinite():
    assert np.isinf(smallest_distance(unit(2, 3, 8), unit(2, 8), np.zeros((2, 2), dtype=bool))).all()


def test_the_oldest_embedding_is_overwritten():
    gallery, counts = np.zeros((1, 2, 1), np.float32), np.zeros(1, np.int64)
    for value in (1.0, 2.0, 3.0):
        remember(gallery, counts, np.array([0]), np.array([[value]], np.float32))
    assert sorted(gallery.ravel().tolist()) == [2.0, 3.0]


def test_an_identical_embedding_has_distance_zero():
    e = unit(1, 8)
    assert smallest_distance(e[None], e, np.ones((1, 1), dtype=bool))[0, 0] == pytest.approx(0, abs=1e-6)
