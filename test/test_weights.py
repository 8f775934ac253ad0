from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision.models import ResNet18_Weights

from reobj.detection.mask_rcnn.mask_rcnn_weights import published_weights
from reobj.errors import ModelError
from reobj.weights import content_hash, download_weights, fetch_weights, load_into, read_weights

STATE = {"a": torch.arange(6.0).view(2, 3), "b": torch.tensor([1, 2])}


@pytest.mark.parametrize("suffix", [".safetensors", ".pth", ".pt"])
def test_both_formats_are_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"weights{suffix}"
    save_file(STATE, path) if suffix == ".safetensors" else torch.save(STATE, path)
    assert all(torch.equal(value, STATE[name]) for name, value in read_weights(path).items())


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_a_damaged_file_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"weights{suffix}"
    save_file(STATE, path) if suffix == ".safetensors" else torch.save(STATE, path)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(ModelError, match="cannot be read as tensors"):
        read_weights(path)


def test_a_missing_file_and_another_format_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="a file that exists"):
        read_weights(tmp_path / "none.pth")
    with pytest.raises(ModelError, match=r"a name ending in \.safetensors"):
        read_weights(tmp_path / "weights.onnx")


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (Path("exploded"),)


def test_a_file_that_runs_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("evil.pth").write_bytes(pickle.dumps({"a": Bomb()}, protocol=2))
    with pytest.raises(ModelError):
        read_weights("evil.pth")
    assert not Path("exploded").exists()


def test_a_file_of_other_things_than_tensors_is_refused(tmp_path: Path) -> None:
    torch.save({"epoch": 3}, tmp_path / "weights.pth")
    with pytest.raises(ModelError, match="a state dict of tensors"):
        read_weights(tmp_path / "weights.pth")


def test_weights_that_do_not_fit_say_why() -> None:
    network = nn.Linear(3, 2)
    with pytest.raises(
        ModelError,
        match=r"expected those of Linear, got 1 missing \(bias\), 1 unknown \(gain\), 1 of another",
    ):
        load_into(network, {"weight": torch.zeros(2, 4), "gain": torch.zeros(1)}, "w.pth")


def test_a_failed_download_names_the_alternatives(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise OSError("Name or service not known")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", refuse)
    with pytest.raises(ModelError, match=r"cannot fetch https.*Name or service not known.*local file"):
        download_weights(ResNet18_Weights.DEFAULT)


def test_the_hash_covers_configuration_names_and_values() -> None:
    base = content_hash({"size": 1}, STATE)
    assert base == content_hash({"size": 1}, dict(reversed(STATE.items())))
    others = [
        content_hash({"size": 2}, STATE),
        content_hash({"size": 1}, {**STATE, "b": torch.tensor([1, 3])}),
        content_hash({"size": 1}, {"a": STATE["a"], "c": STATE["b"]}),
        content_hash({"size": 1}, {**STATE, "a": STATE["a"].view(3, 2)}),
    ]
    assert base not in others


def test_scalars_and_empty_tensors_are_hashed() -> None:
    state = {"count": torch.tensor(3), "none": torch.zeros(0)}
    assert content_hash({}, state) != content_hash({}, {**state, "count": torch.tensor(4)})


def test_published_weights_in_the_cache_are_not_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr("reobj.weights.download_weights", asked.append)
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path))
    weights = published_weights("maskrcnn_resnet50_fpn")
    fetch_weights(weights)
    assert asked == [weights]
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / weights.url.split("/")[-1]).touch()
    fetch_weights(weights)
    assert asked == [weights]
