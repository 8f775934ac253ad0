"""N-pair, supervised contrastive and ranking loss: those on cosine similarity."""

from __future__ import annotations

import math

import pytest
import torch

from reobj.errors import ConfigError
from reobj.losses.maskreid_ranking import MaskReidRankingConfig, MaskReidRankingLoss
from reobj.losses.n_pair import NPairConfig, NPairLoss
from reobj.losses.sup_con import SupConConfig, SupConLoss

LOSSES = [
    NPairLoss(NPairConfig()),
    SupConLoss(SupConConfig(0.5)),
    MaskReidRankingLoss(MaskReidRankingConfig()),
]


def cosine(x: list[float], y: list[float]) -> float:
    return sum(a * b for a, b in zip(x, y, strict=True)) / (math.hypot(*x) * math.hypot(*y))


def others(ids: list[int], a: int) -> tuple[list[int], list[int]]:
    """Positives and negatives of an anchor."""
    positives = [i for i in range(len(ids)) if ids[i] == ids[a] and i != a]
    return positives, [i for i in range(len(ids)) if ids[i] != ids[a]]


def n_pair(rows, ids) -> float:
    """First two views of each identity; 0 if there are fewer than two such identities."""
    pairs = [[i for i, other in enumerate(ids) if other == identity][:2] for identity in sorted(set(ids))]
    pairs = [pair for pair in pairs if len(pair) == 2]
    total = 0.0
    for a, p in pairs:
        total += math.log(
            1 + sum(math.exp(cosine(rows[a], rows[n]) - cosine(rows[a], rows[p])) for _, n in pairs if n != p)
        )
    return total / len(pairs)


def sup_con(rows, ids, temperature: float) -> float:
    losses = []
    for a in range(len(ids)):
        positives, negatives = others(ids, a)
        if positives:
            denominator = sum(math.exp(cosine(rows[a], rows[b]) / temperature) for b in positives + negatives)
            logs = [
                math.log(math.exp(cosine(rows[a], rows[p]) / temperature) / denominator) for p in positives
            ]
            losses.append(-sum(logs) / len(logs))
    return sum(losses) / len(losses)


def ranking(rows, ids, margin: float, balance: float) -> float:
    losses = []
    for a in range(len(ids)):
        positives, negatives = others(ids, a)
        if positives:
            hardest = min(cosine(rows[a], rows[p]) for p in positives)
            push = sum(max(0.0, margin + cosine(rows[a], rows[n]) - hardest) for n in negatives)
            losses.append(push + balance * sum(1 - cosine(rows[a], rows[p]) for p in positives))
    return sum(losses) / len(losses)


def test_n_pair_is_its_formula(batch) -> None:
    got = NPairLoss(NPairConfig())(batch.embeddings, batch.labels)
    assert got.item() == pytest.approx(n_pair(batch.rows, batch.ids), rel=1e-5)


@pytest.mark.parametrize("temperature", [0.07, 1.0])
def test_sup_con_is_its_formula(batch, temperature) -> None:
    got = SupConLoss(SupConConfig(temperature))(batch.embeddings, batch.labels)
    assert got.item() == pytest.approx(sup_con(batch.rows, batch.ids, temperature), rel=1e-5)


@pytest.mark.parametrize(("margin", "balance"), [(0.2, 1.0), (0.0, 3.0), (1.5, 0.0)])
def test_ranking_is_its_formula(batch, margin, balance) -> None:
    got = MaskReidRankingLoss(MaskReidRankingConfig(margin, balance))(batch.embeddings, batch.labels)
    assert got.item() == pytest.approx(ranking(batch.rows, batch.ids, margin, balance), rel=1e-5)


def test_ranking_by_hand(device) -> None:
    """One identity along x and at 60 degrees; a negative along y: S = 1/2, 0 and sqrt(3)/2."""
    embeddings = torch.tensor([[2.0, 0.0], [0.5, 0.75**0.5], [0.0, 7.0]], device=device)
    got = MaskReidRankingLoss(MaskReidRankingConfig())(embeddings, torch.tensor([3, 3, 8], device=device))
    first, second = 0.5, 0.5 + 0.2 + 0.75**0.5 - 0.5
    assert got.item() == pytest.approx((first + second) / 2)


def test_one_identity_is_still_pulled_together(one_identity) -> None:
    got = MaskReidRankingLoss(MaskReidRankingConfig())(one_identity.embeddings, one_identity.labels)
    pairs = [cosine(x, y) for x in one_identity.rows for y in one_identity.rows if x is not y]
    assert got.item() == pytest.approx(sum(1 - s for s in pairs) / 3, rel=1e-5)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_the_gradient_is_the_numerical_one(loss, exact_batch) -> None:
    assert torch.autograd.gradcheck(lambda x: loss(x, exact_batch.labels), exact_batch.embeddings)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_the_length_of_an_embedding_does_not_count(loss, exact_batch) -> None:
    plain = loss(exact_batch.embeddings, exact_batch.labels)
    assert torch.isclose(loss(exact_batch.embeddings * 17, exact_batch.labels), plain)


@pytest.mark.parametrize("temperature", [0.0, -1.0])
def test_a_temperature_must_be_positive(temperature) -> None:
    with pytest.raises(ConfigError, match="temperature: expected a number > 0"):
        SupConConfig(temperature)


@pytest.mark.parametrize("key", ["margin", "balance"])
def test_a_negative_ranking_option_is_refused(key) -> None:
    with pytest.raises(ConfigError, match=f"{key}: expected a number >= 0"):
        MaskReidRankingConfig(**{key: -1.0})
