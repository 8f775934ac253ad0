"""A training run on disk, complete: it goes on after a kill as if nothing had happened.

A checkpoint is a folder of ``state.json`` and ``state.safetensors`` that is renamed into place as a whole.
It has no states of random generators: all random numbers of a step follow from (seed, step, rank).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from reobj.errors import StorageError, mismatch
from reobj.files import atomic_path
from reobj.settings import from_mapping
from reobj.weights import load_into, read_weights

FORMAT = "reobj training checkpoint"
VERSION = 2
_MODULE, _OPTIMIZER, _BEST = "module.", "optimizer.", "best."


@dataclass(slots=True)
class Progressed:
    """How far a run is.

    Attributes:
        step: optimiser steps so far, the skipped ones too.
        seconds: spent on training, without validation.
        skipped: steps that were left out as their loss or gradient was not finite.
        score: of the best validation, in [0, 1]; -1 before the first, and where there is nothing to measure.
        best_step: when that was.
        stale: validations since.
        validated: step of the last validation.
    """

    step: int = 0
    seconds: float = 0.0
    skipped: int = 0
    score: float = -1.0
    best_step: int = 0
    stale: int = 0
    validated: int = 0


@dataclass(slots=True)
class RunState:
    """All that changes while a run goes on.

    Attributes:
        module: what is trained.
        optimizer: its optimiser.
        best: weights of the best validation so far, on the CPU; empty before the first.
        progressed: how far the run is.
        scaler: state of the gradient scaler; empty without one.
    """

    module: nn.Module
    optimizer: Optimizer
    best: dict[str, Tensor] = field(default_factory=dict)
    progressed: Progressed = field(default_factory=Progressed)
    scaler: dict[str, Any] = field(default_factory=dict)


def save_checkpoint(folder: Path, state: RunState, run: Mapping[str, Any]) -> None:
    """Writes a checkpoint; an older one at ``folder`` is replaced only when this one is complete.

    Args:
        folder: of the checkpoint.
        state: of the run.
        run: what the run was told, plain data; ``load_checkpoint`` refuses another.

    Raises:
        StorageError: it cannot be written.
    """
    tensors = {_MODULE + name: value for name, value in state.module.state_dict().items()}
    tensors |= {_BEST + name: value for name, value in state.best.items()}
    for number, values in state.optimizer.state_dict()["state"].items():
        kept = {name: value for name, value in values.items() if value is not None}
        tensors |= {f"{_OPTIMIZER}{number}.{name}": torch.as_tensor(value) for name, value in kept.items()}
    content = {
        "format": FORMAT,
        "version": VERSION,
        "progressed": asdict(state.progressed),
        "scaler": state.scaler,
        "run": dict(run),
    }
    # Tensors may share memory and lie in any order of dimensions; safetensors takes neither.
    plain = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        save_file(plain, temporary / "state.safetensors")
        (temporary / "state.json").write_text(json.dumps(content, indent=2), encoding="utf-8")


def load_checkpoint(folder: Path, state: RunState, run: Mapping[str, Any]) -> None:
    """Brings ``state`` to where the checkpoint was written.

    Raises:
        StorageError: no checkpoint, a damaged one, or one of a run that was told something else; the
            message names what.
        ModelError: tensors that cannot be read or belong to another network.
    """
    content = _read(folder / "state.json")
    _check_same(folder, content["run"], json.loads(json.dumps(dict(run))))
    tensors = read_weights(folder / "state.safetensors")
    load_into(state.module, _part(tensors, _MODULE), str(folder))
    state.best = _part(tensors, _BEST)
    _load_optimizer(state.optimizer, _part(tensors, _OPTIMIZER))
    state.progressed = from_mapping(Progressed, content["progressed"], f"{folder}: progressed")
    state.scaler = content["scaler"]


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StorageError(f"cannot resume from {path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise StorageError(mismatch(str(path), FORMAT, f"no JSON: {error}")) from error
    found = (content.get("format"), content.get("version")) if isinstance(content, dict) else type(content)
    if found != (FORMAT, VERSION) or not {"run", "progressed", "scaler"} <= content.keys():
        raise StorageError(mismatch(str(path), f"a {FORMAT}, version {VERSION}", found))
    return content


def _check_same(folder: Path, before: object, now: object) -> None:
    """Raises StorageError, naming what differs, unless the run was told the same."""
    different = _differences(before, now, "")
    if different:
        raise StorageError(
            f"cannot resume from {folder}: it belongs to another configuration: {'; '.join(different[:5])}"
        )


def _differences(before: object, now: object, path: str) -> list[str]:
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        keys = [*before, *(key for key in now if key not in before)]
        parts = (_differences(before.get(k), now.get(k), f"{path}.{k}" if path else str(k)) for k in keys)
        return [difference for part in parts for difference in part]
    return [] if before == now else [f"{path} was {_shown(before)}, is {_shown(now)}"]


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) < 60 else text[:57] + "..."


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name[len(prefix) :]: value for name, value in tensors.items() if name.startswith(prefix)}


def _load_optimizer(optimizer: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    values: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, _, name = key.partition(".")
        values.setdefault(int(number), {})[name] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": values})
