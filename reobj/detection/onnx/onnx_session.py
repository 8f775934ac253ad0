"""A model of ONNX Runtime: opened on the best device, told what it takes and gives."""

from __future__ import annotations

import ast
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from reobj.devices import describe_device
from reobj.errors import ConfigError, ModelError, mismatch

log = logging.getLogger(__name__)

Arrays = list[NDArray[Any]]

_TYPES: Mapping[str, type[np.floating]] = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
_CUDA, _CPU = "CUDAExecutionProvider", "CPUExecutionProvider"


@dataclass(frozen=True, slots=True)
class InputSpec:
    """What a model takes.

    Attributes:
        name: of the input.
        batched: (1, 3, H, W), else (3, H, W).
        size: H and W in pixels; None where they may be any.
        kind: float32 or float16.
    """

    name: str
    batched: bool
    size: tuple[int, int] | None
    kind: type[np.floating]


class OnnxSession:
    """One model with one image as its input.

    Args:
        path: of the .onnx file.
        device: on which to run; the CPU where ONNX Runtime has no CUDA, with a warning.

    Attributes:
        spec: of the input.
        place: what it runs on, for people.

    Raises:
        ConfigError: the package onnxruntime is not installed.
        ModelError: no such file, not a model, or one that takes something else than an RGB image.
    """

    def __init__(self, path: Path, device: torch.device) -> None:
        runtime = _runtime()
        if not path.is_file():
            raise ModelError(mismatch("onnx model", "a file that exists", repr(str(path))))
        try:
            self._session = runtime.InferenceSession(str(path), providers=_providers(runtime, device))
        except Exception as error:  # ONNX Runtime's own types, which have no common base
            raise ModelError(f"onnx model {path}: cannot be opened: {_first_line(error)}") from error
        self._path = path
        self.place = self._say_place(device)
        self.spec = self._input()

    def run(self, image: NDArray[np.float32]) -> Arrays:
        """All outputs for an image (3, H, W) float32 in [0, 1]. Raises ModelError where the model fails."""
        array = image.astype(self.spec.kind, copy=False)
        try:
            outputs = self._session.run(None, {self.spec.name: array[None] if self.spec.batched else array})
        except Exception as error:  # ONNX Runtime's own types, which have no common base
            raise ModelError(f"onnx model {self._path}: failed on an image: {_first_line(error)}") from error
        return list(outputs)

    def class_names(self) -> tuple[str, ...]:
        """The classes as the model's metadata has them under ``names``, by index; empty without.

        Written as a mapping from index to name or as a list, as JSON and as Python print them.
        """
        text = self._session.get_modelmeta().custom_metadata_map.get("names", "")
        try:
            names = ast.literal_eval(text) if text else []
        except (ValueError, SyntaxError, RecursionError) as error:
            raise ModelError(
                mismatch(f"onnx model {self._path}: names", "a list or mapping", text)
            ) from error
        if isinstance(names, dict):
            names = [names.get(index, names.get(str(index), "")) for index in range(len(names))]
        return tuple(map(str, names))

    def _say_place(self, device: torch.device) -> str:
        if device.type != "cuda" or self._session.get_providers()[0] == _CUDA:
            return describe_device(device)
        log.warning(
            "onnx model %s runs on the CPU, as this ONNX Runtime finds no CUDA: pip install onnxruntime-gpu",
            self._path.name,
        )
        return describe_device(torch.device("cpu"))

    def _input(self) -> InputSpec:
        first = self._session.get_inputs()[0]
        shape, what = list(first.shape), f"onnx model {self._path}: input {first.name}"
        if first.type not in _TYPES:
            raise ModelError(mismatch(what, "float32 or float16", first.type))
        batched = len(shape) == 4
        one_image = not batched or shape[0] == 1 or not isinstance(shape[0], int)  # a name: any number
        if len(shape) not in (3, 4) or shape[-3] != 3 or not one_image:
            raise ModelError(mismatch(what, "(1, 3, H, W) or (3, H, W)", tuple(shape)))
        height, width = shape[-2:]
        fixed = isinstance(height, int) and isinstance(width, int)
        return InputSpec(first.name, batched, (height, width) if fixed else None, _TYPES[first.type])


def _runtime() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise ConfigError(
            "detector onnx needs the package onnxruntime, which is not installed: pip install onnxruntime, "
            "or onnxruntime-gpu for CUDA"
        ) from error
    return onnxruntime


def _providers(runtime: Any, device: torch.device) -> list[Any]:
    if device.type == "cuda" and _CUDA in runtime.get_available_providers():
        return [(_CUDA, {"device_id": device.index or 0}), _CPU]
    return [_CPU]


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
