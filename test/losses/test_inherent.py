"""Compact and scatter loss, and their sum with softmax."""

from __future__ import annotations

import math

import pytest
import torch

from reobj.errors import ConfigError, InputError
from reobj.losses.centres import class_centres
from reobj.losses.compact import CompactLoss, compact_terms
from reobj.losses.inherent import InherentConfig, InherentLoss
from reobj.losses.scatter import ScatterLoss, scatter_terms


def squared(x, y) -> float:
    return sum((a - b) ** 2 for a, b in zip(x, y, strict=True))


def centres_of(rows, ids) -> dict[int, list[float]]:
    groups = {i: [row for row, other in zip(rows, ids, strict=True) if other == i] for i in set(ids)}
    return {
        i: [sum(column) / len(group) for column in zip(*group, strict=True)] for i, group in groups.items()
    }


def compact(rows, ids) -> float:
    centres, total = centres_of(rows, ids), 0.0
    for row, own in zip(rows, ids, strict=True):
        radius = min(math.sqrt(squared(centres[own], centres[j])) for j in centres if j != own) / 2
        total += max(0.0, squared(row, centres[own]) - radius**2)
    return total / 2


def scatter(rows, ids) -> float:
    centres = centres_of(rows, ids)
    return (
        sum(squared(row, centres[j]) for row, own in zip(rows, ids, strict=True) for j in centres if j != own)
        / 2
    )


def softmax(rows, ids, classifier) -> float:
    weights, biases = classifier.weight.tolist(), classifier.bias.tolist()
    total = 0.0
    for row, own in zip(rows, ids, strict=True):
        scores = [
            sum(w * x for w, x in zip(line, row, strict=True)) + bias
            for line, bias in zip(weights, biases, strict=True)
        ]
        total -= math.log(math.exp(scores[own]) / sum(math.exp(score) for score in scores))
    return total / len(ids)


def test_centres_are_means(batch) -> None:
    centres, own = class_centres(batch.embeddings.float(), batch.labels)
    expected = centres_of(batch.rows, batch.ids)
    for row, identity in zip(own.tolist(), batch.ids, strict=True):
        assert centres[row].tolist() == pytest.approx(expected[identity], rel=1e-5, abs=1e-6)


def test_compact_is_its_formula(batch) -> None:
    got = CompactLoss()(batch.embeddings, batch.labels)
    assert got.item() == pytest.approx(compact(batch.rows, batch.ids), rel=1e-5)


def test_scatter_is_its_formula(batch) -> None:
    got = ScatterLoss()(batch.embeddings, batch.labels)
    assert got.item() == pytest.approx(scatter(batch.rows, batch.ids), rel=1e-5)


def test_compact_by_hand(device) -> None:
    """Centres at 0 and 4, half their distance 2: one view at 3 is outside, 9 - 4 twice, halved."""
    embeddings = torch.tensor([[3.0], [-3.0], [4.0]], device=device)
    assert CompactLoss()(embeddings, torch.tensor([0, 0, 1], device=device)).item() == 5


def test_an_embedding_within_its_sphere_is_left_alone(device) -> None:
    embeddings = torch.tensor([[1.0], [-1.0], [10.0]], device=device, requires_grad=True)
    CompactLoss()(embeddings, torch.tensor([0, 0, 1], device=device)).backward()
    assert not embeddings.grad.any()


def test_scatter_by_hand(device) -> None:
    """Centres at 0 and 4: (3 - 4)^2, (-3 - 4)^2 and (4 - 0)^2, halved."""
    embeddings = torch.tensor([[3.0], [-3.0], [4.0]], device=device)
    assert ScatterLoss()(embeddings, torch.tensor([0, 0, 1], device=device)).item() == 33


@pytest.mark.parametrize("loss", [CompactLoss(), ScatterLoss()], ids=["compact", "scatter"])
def test_one_identity_is_zero_with_a_graph(loss, one_identity) -> None:
    value = loss(one_identity.embeddings, one_identity.labels)
    value.backward()
    assert value.item() == 0 and not one_identity.embeddings.grad.any()


@pytest.mark.parametrize("loss", [CompactLoss(), ScatterLoss()], ids=["compact", "scatter"])
def test_an_empty_batch_is_zero_with_a_graph(loss, device) -> None:
    value = loss(
        torch.zeros(0, 4, device=device, requires_grad=True), torch.zeros(0, dtype=torch.int64, device=device)
    )
    assert value.item() == 0 and value.requires_grad


@pytest.mark.parametrize("terms", [compact_terms, scatter_terms])
def test_the_gradient_before_fixed_centres_is_the_numerical_one(terms, exact_batch) -> None:
    centres, own = class_centres(exact_batch.embeddings, exact_batch.labels)
    assert torch.autograd.gradcheck(lambda x: terms(x, centres, own), exact_batch.embeddings)


@pytest.mark.parametrize(
    ("loss", "terms"),
    [(CompactLoss(), compact_terms), (ScatterLoss(), scatter_terms)],
    ids=["compact", "scatter"],
)
def test_no_gradient_flows_through_the_centres(loss, terms, exact_batch) -> None:
    x = exact_batch.embeddings
    fixed, own = class_centres(x, exact_batch.labels)
    (expected,) = torch.autograd.grad(terms(x, fixed.clone(), own).sum(), x)
    (got,) = torch.autograd.grad(loss(x, exact_batch.labels), x)
    assert torch.allclose(got, expected)


@pytest.mark.parametrize("config", [InherentConfig(), InherentConfig(0.3, 0.02), InherentConfig(0.0, 0.0)])
def test_the_sum_is_equation_4(batch, device, config) -> None:
    torch.manual_seed(0)
    loss = InherentLoss(config, dim=4, classes=10).to(device)
    expected = (
        softmax(batch.rows, batch.ids, loss.classifier)
        + config.compact_weight * compact(batch.rows, batch.ids)
        - config.scatter_weight * scatter(batch.rows, batch.ids)
    )
    assert loss(batch.embeddings, batch.labels).item() == pytest.approx(expected, rel=1e-5)


def test_the_defaults_are_the_papers() -> None:
    assert InherentConfig() == InherentConfig(compact_weight=5e-5, scatter_weight=1e-6)


def test_the_classifier_is_trained_too(batch, device) -> None:
    loss = InherentLoss(InherentConfig(), dim=4, classes=10).to(device)
    loss(batch.embeddings, batch.labels).backward()
    assert all(parameter.grad.any() for parameter in loss.parameters())


def test_the_gradient_of_the_softmax_is_the_numerical_one(exact_batch, device) -> None:
    loss = InherentLoss(InherentConfig(0.0, 0.0), dim=4, classes=10).to(device).double()
    assert torch.autograd.gradcheck(lambda x: loss(x, exact_batch.labels), exact_batch.embeddings)


@pytest.mark.parametrize("classes", [9, 1])
def test_a_label_that_is_no_class_is_refused(exact_batch, device, classes) -> None:
    loss = InherentLoss(InherentConfig(), dim=4, classes=classes).to(device).double()
    with pytest.raises(InputError, match=rf"classes in \[0, {classes}\), got 1 to 9"):
        loss(exact_batch.embeddings, exact_batch.labels)


def test_embeddings_of_another_length_are_refused(exact_batch, device) -> None:
    loss = InherentLoss(InherentConfig(), dim=5, classes=10).to(device).double()
    with pytest.raises(InputError, match=r"expected \(B, 5\), got \(8, 4\)"):
        loss(exact_batch.embeddings, exact_batch.labels)


@pytest.mark.parametrize(("dim", "classes"), [(0, 3), (3, 0)])
def test_a_classifier_needs_classes(dim, classes) -> None:
    with pytest.raises(InputError, match="dim and classes > 0"):
        InherentLoss(InherentConfig(), dim, classes)


@pytest.mark.parametrize("key", ["compact_weight", "scatter_weight"])
def test_a_negative_weight_is_refused(key) -> None:
    with pytest.raises(ConfigError, match=f"{key}: expected a number >= 0"):
        InherentConfig(**{key: -1.0})
