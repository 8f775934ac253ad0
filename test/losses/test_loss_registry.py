from __future__ import annotations

import pytest
import torch

from reobj.errors import ConfigError
from reobj.losses.registry import LOSSES, make_loss


def test_a_loss_by_name_with_options() -> None:
    assert make_loss("sup_con", 8, 3, temperature=0.5).temperature == 0.5


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"loss: expected one of inherent, .*, got 'contrastive'"):
        make_loss("contrastive", 8, 3)


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(ConfigError, match=r"loss\.triplet\.margins: unknown key"):
        make_loss("triplet", 8, 3, margins=1.0)


def test_a_value_out_of_range_is_named() -> None:
    with pytest.raises(ConfigError, match=r"loss\.triplet: margin: expected a number >= 0, got -1"):
        make_loss("triplet", 8, 3, margin=-1.0)


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_every_loss_falls_along_its_gradient(name) -> None:
    torch.manual_seed(0)
    loss, labels = make_loss(name, 3, 3), torch.tensor([0, 0, 1, 1, 2, 2])
    embeddings = torch.randn(6, 3, requires_grad=True)
    torch.manual_seed(1)  # the same draws before and after, for the loss that draws
    before = loss(embeddings, labels)
    before.backward()
    torch.manual_seed(1)
    assert before > 0
    assert loss(embeddings - 1e-3 * embeddings.grad, labels) < before
