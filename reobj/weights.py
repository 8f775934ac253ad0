"""Weights of networks: from torchvision's weights API, from a file, and their hash. Never executes code."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torchvision.models import WeightsEnum

from reobj.errors import ModelError, mismatch

State = Mapping[str, Tensor]

SUFFIXES = (".safetensors", ".pth", ".pt")


def read_weights(path: Path | str) -> State:
    """The tensors of a .safetensors, .pth or .pt file, on the CPU.

    Raises:
        ModelError: no such file, another format, or a file that would run code when loaded.
    """
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise ModelError(mismatch("weights file", f"a name ending in {', '.join(SUFFIXES)}", repr(str(path))))
    if not path.is_file():
        raise ModelError(mismatch("weights file", "a file that exists", repr(str(path))))
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise ModelError(f"weights file {path}: cannot be read as tensors: {_first_line(error)}") from error
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ModelError(mismatch(f"weights file {path}", "a state dict of tensors", type(state).__name__))
    return state


def download_weights(weights: WeightsEnum) -> State:
    """The tensors that torchvision publishes, from its local cache if they were fetched before.

    Raises:
        ModelError: they cannot be fetched; says what was tried and what to give instead.
    """
    try:
        return weights.get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError) as error:  # URLError is an OSError, a wrong hash a RuntimeError
        raise ModelError(
            f"weights {weights}: cannot fetch {weights.url} ({_first_line(error)}). Without a network, put "
            f"that file into {_cache()}, or give weights as a path to a local file ({', '.join(SUFFIXES)})"
        ) from error


def fetch_weights(weights: WeightsEnum) -> None:
    """Sees to it that what torchvision publishes is in its local cache. Raises ModelError where it cannot."""
    if not (_cache() / Path(weights.url).name).is_file():
        download_weights(weights)


def _cache() -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints"


def load_into(network: nn.Module, state: State, origin: str) -> None:
    """Copies a state dict into a network that has exactly its tensors.

    Raises:
        ModelError: it belongs to another architecture.
    """
    own = network.state_dict()
    missing, unknown = sorted(own.keys() - state.keys()), sorted(state.keys() - own.keys())
    wrong = [name for name in own.keys() & state.keys() if own[name].shape != state[name].shape]
    if missing or unknown or wrong:
        raise ModelError(
            f"weights {origin}: expected those of {type(network).__name__}, got {_some('missing', missing)}, "
            f"{_some('unknown', unknown)}, {_some('of another shape', sorted(wrong))}"
        )
    network.load_state_dict(dict(state))


def storable(network: nn.Module, half: bool = False) -> State:
    """A network's tensors as safetensors takes them: on the CPU, contiguous, none of them sharing memory.

    Args:
        network: on any device.
        half: parameters in float16. Buffers stay as they are: variances may leave float16's range.

    Raises:
        ModelError: a value that is not finite, or too large for float16.
    """
    parameters = {name for name, _ in network.named_parameters(remove_duplicate=False)} if half else set()
    state = {}
    for name, value in network.state_dict().items():
        value = value.detach().cpu()
        stored = value.to(torch.float16) if name in parameters else value
        if not torch.isfinite(stored).all():
            what = "a value too large for float16" if torch.isfinite(value).all() else "NaN or infinity"
            raise ModelError(mismatch(f"weights {name}", "finite values", what))
        state[name] = stored.contiguous().clone()
    return state


def content_hash(configuration: Mapping[str, object], state: State) -> str:
    """SHA-256 over a configuration and the tensors that go with it, hexadecimal.

    Equal in every process and on every machine for equal content.
    """
    digest = hashlib.sha256(json.dumps(configuration, sort_keys=True).encode())
    for name in sorted(state):
        value = state[name].detach().cpu().contiguous()
        digest.update(f"{name}{tuple(value.shape)}{value.dtype}".encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _some(what: str, names: list[str]) -> str:
    """E.g. ``3 missing (a, b, ...)``."""
    shown = ", ".join(names[:2]) + (", ..." if len(names) > 2 else "")
    return f"{len(names)} {what}" + (f" ({shown})" if names else "")


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
