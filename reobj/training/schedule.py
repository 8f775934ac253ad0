"""The optimiser, and the learning rate over the budget."""

from __future__ import annotations

import math

from torch import nn
from torch.optim import SGD, AdamW, Optimizer

from reobj.training.sections import BudgetConfig, OptimizerConfig


def make_optimizer(module: nn.Module, config: OptimizerConfig) -> Optimizer:
    """The optimiser of all parameters that are trained.

    Weight decay leaves out vectors and scalars: biases, and the scales of normalisation layers.
    """
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    if config.name == "sgd":
        return SGD(groups, lr=config.lr, momentum=config.momentum)
    return AdamW(groups, lr=config.lr, betas=(config.momentum, 0.999))


def learning_rate(config: OptimizerConfig, done: float) -> float:
    """The learning rate when ``done`` (0 to 1) of the budget is spent: a straight rise, then the schedule."""
    if done < config.warmup:
        return config.lr * done / config.warmup
    if config.schedule == "constant":
        return config.lr
    rest = min((done - config.warmup) / (1 - config.warmup), 1.0)
    return config.lr * (1 + math.cos(math.pi * rest)) / 2


def set_learning_rate(optimizer: Optimizer, value: float) -> None:
    """Sets it for all parameters."""
    for group in optimizer.param_groups:
        group["lr"] = value


def budget_done(budget: BudgetConfig, step: int, seconds: float) -> float:
    """The share of the budget that is spent, in [0, 1]: of steps or of time, whichever is further."""
    of_steps = step / budget.steps if budget.steps is not None else 0.0
    of_time = seconds / (60 * budget.max_minutes) if budget.max_minutes is not None else 0.0
    return min(max(of_steps, of_time), 1.0)
