from __future__ import annotations

import pytest
import torch
from torch import nn

from reobj.errors import ConfigError, InputError
from reobj.losses.base import check_range
from reobj.losses.registry import LOSSES, make_loss

CLASSES = 10


@pytest.fixture(params=sorted(LOSSES))
def loss(request: pytest.FixtureRequest, device: str) -> nn.Module:
    torch.manual_seed(0)
    return make_loss(request.param, dim=4, classes=CLASSES).to(device)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_an_empty_batch_is_zero_with_a_graph(loss, device, dtype) -> None:
    embeddings = torch.zeros(0, 4, device=device, dtype=dtype, requires_grad=True)
    value = loss(embeddings, torch.zeros(0, dtype=torch.int64, device=device))
    value.backward()
    assert value.item() == 0
    assert embeddings.grad.shape == (0, 4)


def test_one_identity_has_a_finite_loss_and_gradient(loss, one_identity) -> None:
    value = loss(one_identity.embeddings, one_identity.labels)
    value.backward()
    assert value.isfinite()
    assert one_identity.embeddings.grad.isfinite().all()


@pytest.mark.parametrize("name", ["triplet", "triplet_batch_hard", "triplet_batch_all", "n_pair", "sup_con"])
def test_one_identity_has_nothing_to_tell_apart(name, one_identity) -> None:
    assert make_loss(name, 4, CLASSES)(one_identity.embeddings, one_identity.labels).item() == 0


@pytest.mark.parametrize("name", sorted(set(LOSSES) - {"inherent"}))
def test_a_batch_without_positives_is_zero_with_a_graph(name, without_positives) -> None:
    value = make_loss(name, 4, CLASSES)(without_positives.embeddings, without_positives.labels)
    value.backward()
    assert value.item() == 0
    assert not without_positives.embeddings.grad.any()


def test_equal_embeddings_have_finite_gradients(loss, device) -> None:
    embeddings = torch.ones(4, 4, device=device, requires_grad=True)
    loss(embeddings, torch.tensor([0, 0, 1, 1], device=device)).backward()
    assert embeddings.grad.isfinite().all()


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_a_bad_embedding_is_not_hidden(loss, device, bad) -> None:
    embeddings = torch.randn(6, 4, device=device)
    embeddings[5, 2] = bad
    assert loss(embeddings, torch.tensor([0, 0, 1, 1, 2, 3], device=device)).isnan()


def test_the_result_is_float32_whatever_the_network_ran_in(loss, batch) -> None:
    value = loss(batch.embeddings, batch.labels)
    value.backward()
    assert value.dtype == torch.float32 and value.ndim == 0
    assert batch.embeddings.grad.dtype == batch.embeddings.dtype


def test_autocast_changes_nothing(loss, batch, device) -> None:
    torch.manual_seed(1)  # for the loss that draws
    plain = loss(batch.embeddings, batch.labels)
    torch.manual_seed(1)
    with torch.autocast(device, dtype=torch.bfloat16):
        assert torch.equal(loss(batch.embeddings, batch.labels), plain)


@pytest.mark.parametrize(
    ("embeddings", "labels", "message"),
    [
        (torch.zeros(4), torch.zeros(4, dtype=torch.int64), r"\(B, D\) of a floating type"),
        (torch.zeros(4, 0), torch.zeros(4, dtype=torch.int64), r"D > 0, got \(4, 0\)"),
        (torch.zeros(4, 4, dtype=torch.int32), torch.zeros(4, dtype=torch.int64), "got .* torch.int32"),
        (torch.zeros(4, 4), torch.zeros(3, dtype=torch.int64), r"expected \(4,\) integers, got \(3,\)"),
        (torch.zeros(4, 4), torch.zeros(4), "integers, got .* torch.float32"),
        (torch.zeros(4, 4), torch.zeros(4, dtype=torch.int64, device="meta"), "on cpu .* got on meta"),
    ],
)
def test_a_wrong_batch_says_what_was_expected(embeddings, labels, message) -> None:
    with pytest.raises(InputError, match=message):
        make_loss("triplet_batch_hard", 4, CLASSES)(embeddings, labels)


def test_narrow_labels_are_taken(device) -> None:
    embeddings = torch.randn(4, 4, device=device)
    labels = torch.tensor([0, 0, 200, 200], device=device)
    loss = make_loss("sup_con", 4, CLASSES)
    assert torch.equal(loss(embeddings, labels.to(torch.uint8)), loss(embeddings, labels))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
def test_a_value_out_of_range_is_named(value) -> None:
    with pytest.raises(ConfigError, match="margin: expected a number >= 0"):
        check_range("margin", value, least=0)


def test_an_open_bound_is_left_out() -> None:
    with pytest.raises(ConfigError, match="temperature: expected a number > 0, got 0"):
        check_range("temperature", 0.0, above=0)
