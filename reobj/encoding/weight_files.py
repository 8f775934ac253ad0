"""Where a backbone's weights lie on the local disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reobj.errors import ModelError, mismatch
from reobj.weights import SUFFIXES


def find_weights(weights: str, backbone: str, published: Sequence[str] = ()) -> Path:
    """The file that a path to a file, or to a folder with several backbones' weights, stands for.

    In a folder, looked for in this order: ``BACKBONE.safetensors`` (or .pth, .pt), the names under which the
    weights are published, ``model.safetensors`` (as in a snapshot from the Hugging Face Hub).

    Raises:
        ModelError: nothing is there; says what was looked for.
    """
    path = Path(weights)
    if not path.is_dir():
        if path.is_file():
            return path
        raise ModelError(
            mismatch("weights", "none, imagenet, or a file or folder that exists", repr(weights))
        )
    names = [*(backbone + suffix for suffix in SUFFIXES), *published, "model.safetensors"]
    for name in names:
        if (path / name).is_file():
            return path / name
    raise ModelError(mismatch(f"weights folder {path}", f"one of {', '.join(names)} in it", "none of them"))
