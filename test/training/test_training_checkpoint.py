from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from reobj.errors import ModelError, StorageError
from reobj.training.checkpoint import RunState, load_checkpoint, save_checkpoint
from reobj.training.schedule import make_optimizer
from reobj.training.sections import OptimizerConfig

RUN = {"config": {"seed": 0, "sampler": {"views": 4}}, "devices": 1}


def state_of(name: str = "adamw", width: int = 3, steps: int = 0) -> RunState:
    """A linear layer with batch norm after some steps."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(width, 2), nn.BatchNorm1d(2))
    optimizer = make_optimizer(module, OptimizerConfig(name=name))  # type: ignore[arg-type]
    state = RunState(module, optimizer)
    for _ in range(steps):
        module(torch.randn(4, width)).square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()
        state.progressed.step += 1
    return state


def tensors(state: RunState) -> dict[str, Any]:
    moments = state.optimizer.state_dict()["state"]
    flat = {f"{n}.{k}": v for n, values in moments.items() for k, v in values.items()}
    return {**state.module.state_dict(), **flat}


@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_all_of_a_run_comes_back(tmp_path: Path, name: str) -> None:
    before = state_of(name, steps=3)
    before.best = {"weight": torch.arange(3.0)}
    before.progressed.score, before.scaler = 0.25, {"scale": 2.0, "_growth_tracker": 3}
    save_checkpoint(tmp_path / "checkpoint", before, RUN)
    after = state_of(name)
    load_checkpoint(tmp_path / "checkpoint", after, RUN)
    assert tensors(before).keys() == tensors(after).keys()
    assert all(torch.equal(value, tensors(after)[key]) for key, value in tensors(before).items())
    assert (after.progressed, after.scaler) == (before.progressed, before.scaler)
    assert torch.equal(after.best["weight"], torch.arange(3.0))


@pytest.mark.parametrize(
    ("run", "what"),
    [
        ({**RUN, "devices": 2}, "devices was 1, is 2"),
        (
            {"config": {"seed": 0, "sampler": {"views": 5}}, "devices": 1},
            r"config\.sampler\.views was 4, is 5",
        ),
        ({"config": {"seed": 0}, "devices": 1}, r"config\.sampler was .*, is None"),
        ({**RUN, "more": 1}, "more was None, is 1"),
    ],
)
def test_another_run_is_refused_with_what_differs(tmp_path: Path, run: dict[str, Any], what: str) -> None:
    save_checkpoint(tmp_path / "checkpoint", state_of(steps=1), RUN)
    with pytest.raises(StorageError, match=what):
        load_checkpoint(tmp_path / "checkpoint", state_of(), run)


def test_another_network_is_refused(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "checkpoint", state_of(steps=1), RUN)
    with pytest.raises(ModelError):
        load_checkpoint(tmp_path / "checkpoint", state_of(width=5), RUN)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"format": "reobj training checkpoint", "version": 9}']
)
def test_a_damaged_or_newer_checkpoint_is_refused(tmp_path: Path, text: str) -> None:
    save_checkpoint(tmp_path / "checkpoint", state_of(steps=1), RUN)
    (tmp_path / "checkpoint" / "state.json").write_text(text)
    with pytest.raises(StorageError, match=r"state\.json"):
        load_checkpoint(tmp_path / "checkpoint", state_of(), RUN)


def test_cut_off_tensors_are_refused(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "checkpoint", state_of(steps=1), RUN)
    path = tmp_path / "checkpoint" / "state.safetensors"
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(ModelError, match="cannot be read"):
        load_checkpoint(tmp_path / "checkpoint", state_of(), RUN)


def test_a_write_that_fails_keeps_the_older_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "checkpoint"
    save_checkpoint(folder, state_of(steps=1), RUN)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("reobj.training.checkpoint.save_file", full)
    with pytest.raises(StorageError, match="No space left"):
        save_checkpoint(folder, state_of(steps=2), RUN)
    after = state_of()
    load_checkpoint(folder, after, RUN)
    assert after.progressed.step == 1
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]
