import numpy as np

from reobj.association.map.label_votes import LabelVotes


def test_shares_are_the_votes_of_each_row():
    votes = LabelVotes()
    votes.append(votes.histogram(["chair", "chair", "table", "chair"]))
    votes.append(votes.histogram(["cup"]))
    assert votes.words == ("chair", "table", "cup")
    np.testing.assert_allclose(votes.shares(np.array([0, 1])), [[0.75, 0.25, 0], [0, 0, 1]])


def test_rows_and_words_grow_without_losing_votes():
    votes = LabelVotes()
    for i in range(40):
        votes.append(votes.histogram([f"class {i}"]))
    votes.add(np.array([0, 39]), ["class 0", "class 0"])
    shares = votes.shares(np.arange(40))
    assert shares[0, 0] == 1
    assert shares[39, [0, 39]].tolist() == [0.5, 0.5]
    np.testing.assert_allclose(shares.sum(axis=1), 1)
