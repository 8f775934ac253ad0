from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from reobj.card_file import WEIGHTS_FILE
from reobj.encoding import trained
from reobj.encoding.crops import CropCutter
from reobj.encoding.model_file import ModelCard, load_model, save_model
from reobj.encoding.model_spec import build_network
from reobj.encoding.similarity import SimilarityCalibration
from reobj.encoding.trained import TrainedConfig, TrainedEncoder, measured_calibrations
from reobj.errors import DeviceError, InputError, ModelError
from reobj.types import Frame, Instances

TinyModel = Callable[..., ModelCard]
MakeInstances = Callable[..., Instances]
BOXES = [(20, 20, 40, 45), (50, 10, 70, 30), (0, 0, 9, 9), (70, 40, 80, 60)]


@pytest.fixture
def card(tiny_model: TinyModel) -> ModelCard:
    return tiny_model()


@pytest.fixture
def encoder(card: ModelCard, tmp_path: Path) -> TrainedEncoder:
    return TrainedEncoder(TrainedConfig(str(tmp_path / "tiny")), "cpu")


def test_embeddings_are_the_networks_own_of_the_same_crops(
    encoder: TrainedEncoder, tmp_path: Path, frame: Frame, rectangles: MakeInstances
) -> None:
    instances = rectangles(60, 80, *BOXES)
    card, network = load_model(tmp_path / "tiny")
    crops = CropCutter(32, card.spec.context, torch.device("cpu"))(frame, instances)
    with torch.no_grad():
        expected = F.normalize(network(crops), dim=1).numpy()
    found = encoder.encode(frame, instances)
    np.testing.assert_allclose(found.data, expected, atol=1e-5)
    assert np.abs(found.data[0] - found.data[1]).max() > 1e-3


def test_the_output_of_a_network_that_does_not_normalise_has_length_one(
    tiny_model: TinyModel, tmp_path: Path, frame: Frame, rectangles: MakeInstances
) -> None:
    spec = tiny_model().spec
    network = build_network(spec)
    for value in network.parameters():
        value.data *= 3
    save_model(tmp_path / "m", "m", spec, network, None, {}, {})
    found = TrainedEncoder(TrainedConfig(str(tmp_path / "m")), "cpu").encode(
        frame, rectangles(60, 80, *BOXES)
    )
    np.testing.assert_allclose(np.linalg.norm(found.data, axis=1), 1, atol=1e-5)


def test_chunks_change_nothing(
    encoder: TrainedEncoder,
    frame: Frame,
    rectangles: MakeInstances,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    instances = rectangles(60, 80, *BOXES)
    whole = encoder.encode(frame, instances).data
    monkeypatch.setattr(trained, "_AT_A_TIME", 3)
    np.testing.assert_allclose(encoder.encode(frame, instances).data, whole, atol=1e-5)


def test_an_embedding_holds_after_the_next_frame(
    encoder: TrainedEncoder, frame: Frame, rectangles: MakeInstances
) -> None:
    first = encoder.encode(frame, rectangles(60, 80, BOXES[0]))
    kept = first.data.copy()
    encoder.encode(frame, rectangles(60, 80, BOXES[1]))
    np.testing.assert_array_equal(first.data, kept)


def test_a_frame_without_instances_has_no_embeddings(encoder: TrainedEncoder, frame: Frame) -> None:
    assert encoder.encode(frame, Instances.empty(60, 80)).data.shape == (0, 12)


@pytest.mark.parametrize("filled", [True, False])
def test_masks_without_background_or_foreground_are_encoded(
    encoder: TrainedEncoder, frame: Frame, rectangles: MakeInstances, filled: bool
) -> None:
    seen = rectangles(60, 80, (0, 0, 80, 60))
    hidden = Instances(seen.boxes, np.zeros_like(seen.label_image), seen.labels, seen.scores)
    found = encoder.encode(frame, seen if filled else hidden)
    np.testing.assert_allclose(np.linalg.norm(found.data, axis=1), 1, atol=1e-5)


def test_an_output_of_zeros_is_a_fixed_embedding(
    tiny_model: TinyModel, tmp_path: Path, frame: Frame, rectangles: MakeInstances
) -> None:
    spec = tiny_model().spec
    network = build_network(spec)
    for value in network.parameters():
        value.data.zero_()
    save_model(tmp_path / "m", "m", spec, network, None, {}, {})
    found = TrainedEncoder(TrainedConfig(str(tmp_path / "m")), "cpu").encode(
        frame, rectangles(60, 80, *BOXES)
    )
    np.testing.assert_allclose(found.data, 12**-0.5, atol=1e-6)


def test_masks_of_another_size_are_refused(encoder: TrainedEncoder, frame: Frame) -> None:
    with pytest.raises(InputError, match="masks"):
        encoder.encode(frame, Instances.empty(60, 90))


def test_embeddings_carry_name_and_hash_of_their_model(
    encoder: TrainedEncoder, card: ModelCard, frame: Frame, rectangles: MakeInstances
) -> None:
    found = encoder.encode(frame, rectangles(60, 80, BOXES[0])).model
    assert (found.name, found.content_hash, found.dim) == ("tiny", card.hash, 12)
    assert encoder.model == card.model_id and encoder.card == card


def test_half_is_without_effect_on_a_cpu(
    card: ModelCard, tmp_path: Path, frame: Frame, rectangles: MakeInstances
) -> None:
    instances = rectangles(60, 80, *BOXES)
    found = [
        TrainedEncoder(TrainedConfig(str(tmp_path / "tiny"), half=half), "cpu").encode(frame, instances).data
        for half in (True, False)
    ]
    np.testing.assert_array_equal(*found)


def test_an_unknown_model_or_device_is_refused(card: ModelCard, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"a folder with model\.json, got 'nowhere'"):
        TrainedEncoder(TrainedConfig("nowhere"), "cpu")
    with pytest.raises(DeviceError):
        TrainedEncoder(TrainedConfig(str(tmp_path / "tiny")), "tpu")


def test_the_calibration_is_read_without_the_weights(tiny_model: TinyModel, tmp_path: Path) -> None:
    calibration = SimilarityCalibration(12.0, -8.0, 0.7, 0.9, 1000, 0.03)
    saved = tiny_model(calibration=calibration)
    (tmp_path / "tiny" / WEIGHTS_FILE).unlink()
    assert measured_calibrations(TrainedConfig(str(tmp_path / "tiny"))) == {saved.hash: calibration}


def test_a_model_that_was_not_measured_has_no_calibration(card: ModelCard, tmp_path: Path) -> None:
    assert measured_calibrations(TrainedConfig(str(tmp_path / "tiny"))) == {}


@pytest.mark.slow
def test_a_compiled_network_gives_the_same(
    encoder: TrainedEncoder,
    tmp_path: Path,
    frame: Frame,
    rectangles: MakeInstances,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the compiler's tracing alone; what comes after it takes minutes."""
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend="eager"))
    compiled = TrainedEncoder(TrainedConfig(str(tmp_path / "tiny"), compile=True), "cpu")
    for some in (rectangles(60, 80, *BOXES), rectangles(60, 80, BOXES[0]), Instances.empty(60, 80)):
        found, expected = (e.encode(frame, some).data for e in (compiled, encoder))
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_network_that_cannot_be_compiled_is_refused_at_the_start(
    card: ModelCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: object) -> None:
        raise OSError("no compiler here")

    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend=fails))
    with pytest.raises(ModelError, match=r"tiny: cannot be compiled here: .*no compiler here"):
        TrainedEncoder(TrainedConfig(str(tmp_path / "tiny"), compile=True), "cpu")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("half", [True, False])
def test_cuda_agrees_with_the_cpu(
    encoder: TrainedEncoder, tmp_path: Path, frame: Frame, rectangles: MakeInstances, half: bool
) -> None:
    instances = rectangles(60, 80, *BOXES)
    found = TrainedEncoder(TrainedConfig(str(tmp_path / "tiny"), half=half), "cuda").encode(frame, instances)
    assert (found.data * encoder.encode(frame, instances).data).sum(axis=1).min() > 0.999
