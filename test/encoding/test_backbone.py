from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from reobj.encoding.backbone import BackboneConfig, BackboneEncoder
from reobj.encoding.context import ContextSpec
from reobj.errors import DeviceError, InputError
from reobj.types import Frame, Instances

MakeInstances = Callable[..., Instances]
MakeFrame = Callable[[int, int], Frame]
SMALL = BackboneConfig(crop_size=32, synthetic_images=24, components=8)


@pytest.fixture(scope="module")
def encoder() -> BackboneEncoder:
    return BackboneEncoder(SMALL, "cpu")


def test_one_embedding_of_length_one_per_instance(
    encoder: BackboneEncoder, frame: Frame, rectangles: MakeInstances
) -> None:
    instances = rectangles(60, 80, (20, 20, 40, 45), (50, 10, 70, 30), (0, 0, 9, 9))
    found = encoder.encode(frame, instances)
    assert found.data.shape == (3, 32)
    np.testing.assert_allclose(np.linalg.norm(found.data, axis=1), 1, atol=1e-5)
    assert found.model == encoder.model


def test_instances_do_not_depend_on_each_other(
    encoder: BackboneEncoder, frame: Frame, rectangles: MakeInstances
) -> None:
    alone = encoder.encode(frame, rectangles(60, 80, (20, 20, 40, 45)))
    both = encoder.encode(frame, rectangles(60, 80, (20, 20, 40, 45), (60, 30, 70, 50)))
    np.testing.assert_allclose(both.data[0], alone.data[0], atol=1e-4)


def test_no_instances_give_no_embeddings(encoder: BackboneEncoder, frame: Frame) -> None:
    assert encoder.encode(frame, Instances.empty(60, 80)).data.shape == (0, 32)


def test_identical_objects_before_other_walls_differ_by_background_alone(
    rectangles: MakeInstances, smooth_frame: MakeFrame
) -> None:
    colour = smooth_frame(60, 160).colour.copy()
    colour[25:35, 35:45] = colour[25:35, 115:125] = (200, 30, 30)
    frame, two = Frame(colour, 0), rectangles(60, 160, (35, 25, 45, 35), (115, 25, 125, 35))
    same: dict[str, float] = {}
    for inputs in ("foreground", "background"):
        a, b = BackboneEncoder(replace(SMALL, inputs=inputs), "cpu").encode(frame, two).data
        same[inputs] = float(a @ b)
    assert same["foreground"] > 0.99
    assert same["background"] < 0.9


def test_one_stream_has_half_the_length(encoder: BackboneEncoder) -> None:
    alone = BackboneEncoder(replace(SMALL, inputs="background"), "cpu")
    assert (alone.model.dim, encoder.model.dim) == (16, 32)


@pytest.mark.parametrize("filled", [True, False])
def test_masks_without_background_or_foreground_are_encoded(
    encoder: BackboneEncoder, frame: Frame, filled: bool, rectangles: MakeInstances
) -> None:
    seen = rectangles(60, 80, (0, 0, 80, 60))
    hidden = Instances(seen.boxes, np.zeros_like(seen.label_image), seen.labels, seen.scores)
    found = encoder.encode(frame, seen if filled else hidden)
    np.testing.assert_allclose(np.linalg.norm(found.data, axis=1), 1, atol=1e-5)


def test_masks_of_another_size_are_refused(encoder: BackboneEncoder, frame: Frame) -> None:
    with pytest.raises(InputError, match="masks"):
        encoder.encode(frame, Instances.empty(60, 90))


def test_two_processes_agree_on_hash_and_embedding(encoder: BackboneEncoder, frame: Frame) -> None:
    program = (
        "import numpy as np, torch; torch.set_num_threads(%d)\n"
        "from reobj.encoding.backbone import BackboneConfig, BackboneEncoder\n"
        "from reobj.types import Frame, Instances\n"
        "encoder = BackboneEncoder(BackboneConfig(crop_size=32, synthetic_images=24, components=8), 'cpu')\n"
        "y, x = np.mgrid[:60, :80]\n"
        "colour = np.stack([x * 3, y * 4, (x * y) %% 251], axis=-1).astype(np.uint8)\n"
        "image = np.zeros((60, 80), np.uint16); image[20:40, 20:50] = 1\n"
        "box, score = np.array([[20, 20, 50, 40]], np.float32), np.ones(1, np.float32)\n"
        "one = Instances(box, image, ('chair',), score)\n"
        "print(encoder.model.content_hash, *encoder.encode(Frame(colour, 0), one).data[0])\n"
    )
    outputs = [
        subprocess.run(
            [sys.executable, "-c", program % threads], check=True, capture_output=True, text=True
        ).stdout.split()
        for threads in (1, 2)
    ]
    assert outputs[0][0] == outputs[1][0] == encoder.model.content_hash
    np.testing.assert_allclose(*(np.array(out[1:], float) for out in outputs), atol=1e-4)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"crop_size": 48},
        {"context": ContextSpec(ratio=1.5)},
        {"background_weight": 1.0},
    ],
)
def test_another_configuration_is_another_model(encoder: BackboneEncoder, change: dict[str, object]) -> None:
    other = BackboneEncoder(replace(SMALL, **change), "cpu")  # type: ignore[arg-type]
    assert other.model.content_hash != encoder.model.content_hash


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(DeviceError):
        BackboneEncoder(SMALL, "tpu")


@pytest.mark.parametrize(
    "bad",
    [
        {"inputs": "all"},
        {"background_weight": 0.0},
        {"crop_size": 8},
        {"foreground_grid": (0, 1)},
        {"components": 0},
    ],
)
def test_bad_configuration_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(InputError, match=next(iter(bad))):
        BackboneConfig(**bad)  # type: ignore[arg-type]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_agrees_with_the_cpu(encoder: BackboneEncoder, frame: Frame, rectangles: MakeInstances) -> None:
    instances = rectangles(60, 80, (20, 20, 40, 45), (50, 10, 70, 30))
    found = BackboneEncoder(SMALL, "cuda").encode(frame, instances).data
    assert (found * encoder.encode(frame, instances).data).sum(axis=1).min() > 0.98
