"""Examples for the refiner, its loss, and learning from them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from reobj.cli import app
from reobj.detection.carrying.optical_flow import DISFlow
from reobj.detection.carrying.refiner import MaskRefiner, with_guide
from reobj.detection.carrying.refiner_crops import DEPTH, OWN, SIDE, UNSURE
from reobj.errors import InputError
from reobj.training.refiner import RefinerTraining, augmented, refiner_loss, train_refiner
from reobj.training.refiner_data import GAP, RefinerExamples, refiner_examples
from reobj.types import Frame, LabelImage

H, W = 60, 100


class Moving:
    """A bright square that moves into view by two pixels per frame; a floor, which is no object."""

    name, has_truth = "moving", True

    def __init__(self, frames: int, truth: bool = True) -> None:
        self._frames, self._truth = frames, truth

    def __len__(self) -> int:
        return self._frames

    def __iter__(self) -> Iterator[tuple[Frame, LabelImage | None]]:
        noise = np.random.default_rng(0).integers(20, 120, (H // 4, W // 4, 3), np.uint8)
        noise = cv2.resize(noise, (W, H), interpolation=cv2.INTER_CUBIC)
        for number in range(self._frames):
            ids = np.full((H, W), 3, np.uint16)
            ids[15:45, : 26 + 2 * number] = 7
            colour = np.where((ids == 7)[..., None], np.uint8(80) + np.roll(noise, 2 * number, axis=1), noise)
            truth = LabelImage(ids, {3: "floor", 7: "box"}) if self._truth else None
            yield Frame(colour, number), truth


def toy_examples(count: int = 32) -> RefinerExamples:
    """The own mask is the left half, the truth what is bright."""
    rng = np.random.default_rng(1)
    appearance = np.zeros((count, 9, SIDE, SIDE), np.int8)
    motion = rng.integers(-50, 50, (count, 6, SIDE, SIDE)).astype(np.int8)
    truth = np.zeros((count, 1, SIDE, SIDE), bool)
    for row, edge in enumerate(rng.integers(12, 36, count)):
        truth[row, :, :, :edge] = True
        appearance[row, :3, :, :edge] = 100
    appearance[:, OWN, :, : SIDE // 2] = 100
    appearance[:, UNSURE] = 100
    appearance[:, DEPTH] = 50
    return RefinerExamples(appearance, motion, truth)


def test_every_other_frame_after_a_key_frame_gives_an_example_per_way() -> None:
    frames = GAP + 4
    examples = refiner_examples(Moving(frames), DISFlow())
    joined, count = RefinerExamples.joined(examples), 2 * len([n for n in range(1, frames) if n % 2])
    assert joined.truth.shape == (count, 1, SIDE, SIDE)
    own, unsure = (joined.appearance[:, c] > 0 for c in (OWN, UNSURE))
    assert unsure.any(axis=(1, 2)).all()
    np.testing.assert_array_equal(np.unique(joined.appearance[:, OWN]), [0, 100])
    assert ((own == joined.truth[:, 0]) | unsure).mean() > 0.9  # what could be followed is right


def test_a_recording_without_truth_is_refused() -> None:
    with pytest.raises(InputError, match="moving"):
        refiner_examples(Moving(3, truth=False), DISFlow())
    with pytest.raises(InputError):
        RefinerExamples.joined([])


def test_the_loss_is_cross_entropy_and_what_lacks_in_similarity() -> None:
    logits = torch.tensor([[[[2.0, -1.0, -7.0, 7.0]]]])
    truth, unsure = torch.tensor([[[[1.0, 1.0, 1.0, 0.0]]]]), torch.tensor([[[[1.0, 1.0, 0.0, 0.0]]]])
    own = torch.tensor([[[[0.0, 0.0, 1.0, 0.0]]]])  # right where it is sure, whatever the logits say
    p = 1 / (1 + np.exp([-2.0, 1.0]))
    entropy = -np.log(p).mean()
    similarity = (p.sum() + 1 + 1) / (3 + 1)
    found = float(refiner_loss(logits, truth, own, unsure))
    assert found == pytest.approx(entropy + 1 - similarity, rel=1e-5)


def test_an_example_is_mirrored_in_all_its_parts_and_its_flow_turned_round() -> None:
    examples = toy_examples(64)
    appearance, motion, truth = augmented(examples, np.arange(64), np.random.default_rng(2))
    mirrored = truth[:, 0, 0, 0] == 0
    assert 10 < int(mirrored.sum()) < 54
    for row in range(64):
        original = torch.from_numpy(examples.motion[row]).float() / 100
        assert bool(appearance[row, OWN, 0, -1]) == bool(mirrored[row])
        if motion[row, 0].any():  # else its flow was taken away
            expected = -original[0].flip(-1) if mirrored[row] else original[0]
            torch.testing.assert_close(motion[row, 0], expected)


def test_it_learns() -> None:
    examples = toy_examples()
    network = train_refiner(examples, RefinerTraining(steps=30, batch=8, rate=1e-2))
    appearance = torch.from_numpy(examples.appearance).float() / 100
    motion = torch.from_numpy(examples.motion).float() / 100
    with torch.inference_mode():
        found = with_guide(network(appearance, motion), appearance[:, OWN : OWN + 1]) > 0
    truth = torch.from_numpy(examples.truth)
    wrong = (found != truth).float().mean()
    assert wrong < 0.5 * ((appearance[:, OWN : OWN + 1] > 0) != truth).float().mean()


def test_the_same_seed_gives_the_same_weights() -> None:
    runs = [train_refiner(toy_examples(8), RefinerTraining(steps=2, batch=2, seed=5)) for _ in range(2)]
    for first, second in zip(*(r.state_dict().values() for r in runs), strict=True):
        torch.testing.assert_close(first, second)


def test_nothing_to_learn_from_is_said() -> None:
    empty = toy_examples(0)
    with pytest.raises(InputError, match="examples"):
        train_refiner(empty, RefinerTraining(steps=1))
    sure = toy_examples(4)
    sure.appearance[:, UNSURE] = 0
    with pytest.raises(InputError, match="came into view"):
        train_refiner(sure, RefinerTraining(steps=1))
    with pytest.raises(InputError, match="batch"):
        RefinerTraining(batch=1)


def test_the_command_writes_weights_that_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reobj.scans.opening.open_source", lambda path: Moving(9))
    out = tmp_path / "refiner.safetensors"
    result = CliRunner().invoke(app, ["train-refiner", "a", "b", "--out", str(out), "--steps", "2"])
    assert result.exit_code == 0, result.output
    MaskRefiner.load(out)


def test_a_name_that_could_not_be_read_again_is_refused_at_once(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["train-refiner", "a", "--out", str(tmp_path / "refiner.pth")])
    assert result.exit_code == 2
    assert ".safetensors" in result.output and "refiner.pth" in result.output
