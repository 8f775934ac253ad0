"""Small ONNX models, made by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Array = NDArray[np.generic]
Shape = Sequence[int | str]


def save(
    path: Path,
    shape: Shape,
    nodes: Sequence[onnx.NodeProto],
    outputs: Mapping[str, int],
    constants: Mapping[str, Array],
    names: Sequence[str] | None = None,
) -> Path:
    """Writes a model with the input ``image`` of a shape, float32, and outputs of given element types."""
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, kind, None) for name, kind in outputs.items()],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    if names is not None:
        model.metadata_props.add(key="names", value=json.dumps(dict(enumerate(names))))
    onnx.save(model, path)
    return path


def fixed(path: Path, shape: Shape, values: Mapping[str, Array], names: Sequence[str] | None = None) -> Path:
    """A model whose outputs are the same for every image."""
    nodes = [helper.make_node("Identity", [f"the_{name}"], [name]) for name in values]
    kinds = {name: helper.np_dtype_to_tensor_dtype(np.asarray(value).dtype) for name, value in values.items()}
    constants = {f"the_{name}": value for name, value in values.items()}
    return save(path, shape, nodes, kinds, constants, names)


def red_finder(path: Path, shape: Shape, box: Sequence[float], names: Sequence[str]) -> Path:
    """Mask R-CNN's layout: one finding of class 1, whose mask is the red channel, in a fixed box."""
    batched = len(shape) == 4
    plane = "cut" if batched else "image"
    nodes = [
        helper.make_node("Squeeze", ["image", "zero"], ["cut"]) if batched else None,
        helper.make_node("Slice", [plane, "zero", "one", "zero"], ["red"]),
        helper.make_node("Unsqueeze", ["red", "zero"], ["masks"]),
        *(helper.make_node("Identity", [f"the_{name}"], [name]) for name in ("boxes", "labels", "scores")),
    ]
    constants: dict[str, Array] = {
        "zero": np.array([0]),
        "one": np.array([1]),
        "the_boxes": np.array([box], np.float32),
        "the_labels": np.array([1]),
        "the_scores": np.array([0.75], np.float32),
    }
    kinds = {"boxes": 1, "labels": TensorProto.INT64, "scores": 1, "masks": 1}
    return save(path, shape, [node for node in nodes if node is not None], kinds, constants, names)
