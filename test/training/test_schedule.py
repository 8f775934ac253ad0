from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR

from reobj.training.schedule import budget_done, learning_rate, make_optimizer, set_learning_rate
from reobj.training.sections import BudgetConfig, OptimizerConfig


def test_the_cosine_is_that_of_torch() -> None:
    config = OptimizerConfig(lr=0.3, warmup=0.0)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    schedule = CosineAnnealingLR(optimizer, 10)
    for step in range(11):
        assert learning_rate(config, step / 10) == pytest.approx(schedule.get_last_lr()[0], abs=1e-12)
        optimizer.step()
        schedule.step()


def test_the_rate_rises_straight_to_its_highest_value() -> None:
    config = OptimizerConfig(lr=1.0, warmup=0.2)
    assert [learning_rate(config, done) for done in (0, 0.1, 0.2)] == pytest.approx([0, 0.5, 1])


def test_a_constant_rate_stays_after_the_warmup() -> None:
    config = OptimizerConfig(lr=1.0, warmup=0.2, schedule="constant")
    assert [learning_rate(config, done) for done in (0.2, 0.6, 1.0)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("budget", "done"),
    [
        (BudgetConfig(steps=200), 0.25),
        (BudgetConfig(steps=None, max_minutes=2), 0.5),
        (BudgetConfig(steps=200, max_minutes=2), 0.5),
        (BudgetConfig(steps=60, max_minutes=2), 50 / 60),
        (BudgetConfig(steps=40), 1.0),
    ],
)
def test_the_limit_that_is_nearer_counts(budget: BudgetConfig, done: float) -> None:
    assert budget_done(budget, 50, 60.0) == pytest.approx(done)


@pytest.mark.parametrize(("name", "kind"), [("adamw", torch.optim.AdamW), ("sgd", torch.optim.SGD)])
def test_vectors_are_not_decayed(name: str, kind: type) -> None:
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    optimizer = make_optimizer(module, OptimizerConfig(name=name, weight_decay=0.1))  # type: ignore[arg-type]
    assert type(optimizer) is kind
    decayed = {p.ndim: group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    assert decayed == {2: 0.1, 1: 0.0}


def test_frozen_weights_stay_out_of_the_optimiser() -> None:
    module = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 5))
    module[0].requires_grad_(False)
    optimizer = make_optimizer(module, OptimizerConfig())
    shapes = [tuple(p.shape) for group in optimizer.param_groups for p in group["params"]]
    assert sorted(shapes) == [(5,), (5, 4)]


def test_the_rate_is_set_for_all_weights() -> None:
    optimizer = make_optimizer(nn.Linear(3, 4), OptimizerConfig())
    set_learning_rate(optimizer, 0.125)
    assert [group["lr"] for group in optimizer.param_groups] == [0.125, 0.125]
