from __future__ import annotations

import pytest
import torch

from reobj.errors import ConfigError, InputError
from reobj.losses.triplet import (
    BatchAllTripletLoss,
    BatchHardTripletLoss,
    MinedTripletConfig,
    TripletConfig,
    TripletLoss,
    draw_triplets,
)


def squared(x: list[float], y: list[float]) -> float:
    return sum((a - b) ** 2 for a, b in zip(x, y, strict=True))


def equation_2(rows, a: int, p: int, n: int, margin: float) -> float:
    return max(0.0, margin + squared(rows[a], rows[p]) - squared(rows[a], rows[n]))


def all_triplets(ids: list[int]) -> list[tuple[int, int, int]]:
    every = range(len(ids))
    return [
        (a, p, n)
        for a in every
        for p in every
        for n in every
        if a != p and ids[a] == ids[p] and ids[a] != ids[n]
    ]


def columns(triplets, device) -> tuple[torch.Tensor, ...]:
    return tuple(torch.tensor(column, device=device) for column in zip(*triplets, strict=True))


def test_given_triplets_have_the_mean_of_equation_2(batch, device) -> None:
    chosen = [(0, 2, 1), (1, 4, 5), (3, 7, 6), (0, 6, 3)]
    got = TripletLoss(TripletConfig(2.0))(batch.embeddings, batch.labels, columns(chosen, device))
    expected = sum(equation_2(batch.rows, *triplet, 2.0) for triplet in chosen) / len(chosen)
    assert got.item() == pytest.approx(expected, rel=1e-5)


def test_without_given_triplets_they_are_drawn(batch) -> None:
    loss = TripletLoss(TripletConfig(2.0))
    torch.manual_seed(5)
    got = loss(batch.embeddings, batch.labels)
    torch.manual_seed(5)
    drawn = zip(*(part.tolist() for part in draw_triplets(batch.labels)), strict=True)
    values = [equation_2(batch.rows, *triplet, 2.0) for triplet in drawn]
    assert got.item() == pytest.approx(sum(values) / len(values), rel=1e-5)


def test_batch_hard_takes_the_farthest_positive_and_the_nearest_negative(batch) -> None:
    hardest: dict[int, float] = {}
    for a, p, n in all_triplets(batch.ids):
        hardest[a] = max(hardest.get(a, 0.0), equation_2(batch.rows, a, p, n, 0.3))
    got = BatchHardTripletLoss(MinedTripletConfig(0.3))(batch.embeddings, batch.labels)
    assert len(hardest) == 7  # the eighth has no positive
    assert got.item() == pytest.approx(sum(hardest.values()) / len(hardest), rel=1e-5)


def test_batch_all_averages_what_is_not_satisfied(batch) -> None:
    values = [equation_2(batch.rows, *triplet, 0.3) for triplet in all_triplets(batch.ids)]
    wrong = [value for value in values if value > 0]
    got = BatchAllTripletLoss(MinedTripletConfig(0.3))(batch.embeddings, batch.labels)
    assert 0 < len(wrong) < len(values)
    assert got.item() == pytest.approx(sum(wrong) / len(wrong), rel=1e-5)


@pytest.mark.parametrize("kind", [BatchHardTripletLoss, BatchAllTripletLoss])
def test_the_gradient_of_a_mined_loss_is_the_numerical_one(kind, exact_batch) -> None:
    loss = kind(MinedTripletConfig(0.3))
    assert torch.autograd.gradcheck(lambda x: loss(x, exact_batch.labels), exact_batch.embeddings)


def test_the_gradient_over_given_triplets_is_the_numerical_one(exact_batch, device) -> None:
    triplets = columns([(0, 2, 1), (1, 4, 5), (3, 7, 6)], device)
    loss = TripletLoss(TripletConfig(2.0))
    assert torch.autograd.gradcheck(lambda x: loss(x, exact_batch.labels, triplets), exact_batch.embeddings)


def test_satisfied_triplets_cost_nothing(device) -> None:
    embeddings = torch.tensor([[0.0], [0.1], [9.0], [9.1]], device=device, requires_grad=True)
    value = BatchAllTripletLoss(MinedTripletConfig(0.3))(
        embeddings, torch.tensor([0, 0, 1, 1], device=device)
    )
    value.backward()
    assert value.item() == 0 and not embeddings.grad.any()


def test_draws_are_triplets_and_reach_every_one(device) -> None:
    labels = torch.tensor([0, 0, 0, 1, 1, 2], device=device)
    torch.manual_seed(0)
    drawn = {
        triplet
        for _ in range(100)
        for triplet in zip(*(part.tolist() for part in draw_triplets(labels)), strict=True)
    }
    assert drawn == set(all_triplets(labels.tolist()))


def test_each_anchor_draws_once(device) -> None:
    anchors, _, _ = draw_triplets(torch.tensor([0, 0, 0, 1, 1, 2], device=device))
    assert anchors.tolist() == [0, 1, 2, 3, 4]


def test_no_triplets_given_is_zero(batch, device) -> None:
    none = tuple(torch.zeros(0, dtype=torch.int64, device=device) for _ in range(3))
    assert TripletLoss(TripletConfig())(batch.embeddings, batch.labels, none).item() == 0


@pytest.mark.parametrize(
    ("triplets", "message"),
    [
        (([0], [1]), "three"),
        (([0], [1], [2, 3]), "three"),
        (([0.0], [1.0], [2.0]), "three"),
        (([0], [1], [8]), r"rows in \[0, 8\), got 0 to 8"),
        (([0], [-1], [2]), "got -1 to 2"),
    ],
)
def test_wrong_triplets_are_refused(exact_batch, device, triplets, message) -> None:
    with pytest.raises(InputError, match=message):
        TripletLoss(TripletConfig())(
            exact_batch.embeddings,
            exact_batch.labels,
            tuple(torch.tensor(part, device=device) for part in triplets),
        )


@pytest.mark.parametrize("config", [TripletConfig, MinedTripletConfig])
def test_a_negative_margin_is_refused(config) -> None:
    with pytest.raises(ConfigError, match=r"margin: expected a number >= 0, got -0\.1"):
        config(margin=-0.1)
