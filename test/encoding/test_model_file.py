from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from reobj.card_file import CARD_FILE, WEIGHTS_FILE
from reobj.encoding.crops import Crops
from reobj.encoding.model_file import ModelCard, load_model, read_card, save_model
from reobj.encoding.model_spec import ModelSpec, build_network
from reobj.encoding.networks import NETWORKS, NetworkEntry
from reobj.encoding.similarity import SimilarityCalibration
from reobj.encoding.synthetic import synthetic_crops
from reobj.errors import ModelError, StorageError
from reobj.weights import content_hash

TinyModel = Callable[..., ModelCard]
CALIBRATION = SimilarityCalibration(12.0, -8.0, 0.7, 0.9, 1000, 0.03)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "tiny"


def edit_card(folder: Path, **changes: object) -> None:
    path = folder / CARD_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_model_comes_back_as_it_was_saved(tiny_model: TinyModel, folder: Path) -> None:
    saved = tiny_model(calibration=CALIBRATION)
    card, network = load_model(folder)
    assert card == read_card(folder) == saved
    assert card.calibration == CALIBRATION
    original = build_network(card.spec, seed=0).eval()
    crops = synthetic_crops(3, 32, 0)
    torch.testing.assert_close(network(crops), original(crops), rtol=0, atol=0)
    assert not network.training


def test_the_card_can_be_read_by_people(tiny_model: TinyModel, folder: Path) -> None:
    tiny_model()
    text = (folder / CARD_FILE).read_text()
    assert '\n  "network": "small",\n' in text
    assert list(json.loads(text)) == [
        *("format", "version", "name", "network", "options", "crop_size", "context", "dim", "hash"),
        *("calibration", "training", "scores"),
    ]


def test_half_is_half_the_size_and_loads_as_float32(tiny_model: TinyModel, tmp_path: Path) -> None:
    tiny_model("full", widths=(32, 64))
    tiny_model("half", widths=(32, 64), half=True)
    sizes = {name: (tmp_path / name / WEIGHTS_FILE).stat().st_size for name in ("full", "half")}
    assert sizes["half"] < 0.6 * sizes["full"]
    (_, full), (_, half) = load_model(tmp_path / "full"), load_model(tmp_path / "half")
    assert {value.dtype for value in half.parameters()} == {torch.float32}
    for name, value in full.named_parameters():
        torch.testing.assert_close(half.get_parameter(name), value.half().float(), rtol=0, atol=0)


def test_half_leaves_variances_beyond_its_range_as_they_are(tmp_path: Path, tiny_model: TinyModel) -> None:
    spec = tiny_model().spec
    network = build_network(spec)
    norms = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    norms[0].running_var.fill_(1e6)  # type: ignore[union-attr]
    save_model(tmp_path / "m", "m", spec, network, None, {}, {}, half=True)
    _, loaded = load_model(tmp_path / "m")
    found = [module for module in loaded.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    assert (found[0].running_var == 1e6).all()  # type: ignore[union-attr]


@pytest.mark.parametrize(("value", "half"), [(float("nan"), False), (float("inf"), True), (1e6, True)])
def test_weights_that_cannot_be_stored_leave_the_old_model(
    tiny_model: TinyModel, folder: Path, value: float, half: bool
) -> None:
    saved = tiny_model()
    network = build_network(saved.spec)
    next(network.parameters()).data[0] = value
    with pytest.raises(ModelError, match="expected finite values"):
        save_model(folder, "bad", saved.spec, network, None, {}, {}, half)
    assert load_model(folder)[0] == saved


def test_equal_content_has_an_equal_hash_and_other_content_another(tiny_model: TinyModel) -> None:
    hashes = {
        "plain": tiny_model("a").hash,
        "seed": tiny_model("b", seed=1).hash,
        "option": tiny_model("c", layout_grid=3).hash,
        "half": tiny_model("d", half=True).hash,
    }
    assert len(set(hashes.values())) == 4
    assert tiny_model("e", calibration=CALIBRATION, name="other").hash == hashes["plain"]


def test_an_option_that_comes_later_does_not_change_what_a_model_is(
    tiny_model: TinyModel, folder: Path
) -> None:
    """A card that does not name an option, as its network had none of that name yet, still loads."""
    saved = tiny_model(setup="concat")
    data = json.loads((folder / CARD_FILE).read_text())
    del data["options"]["setup"]
    spec = {key: data[key] for key in ("network", "options", "crop_size", "context")}
    data["hash"] = content_hash({"version": 1, **spec}, load_file(folder / WEIGHTS_FILE))
    (folder / CARD_FILE).write_text(json.dumps(data))
    assert load_model(folder)[0].spec == saved.spec


@dataclass(frozen=True)
class PretrainedConfig:
    weights: str = "imagenet"


class Mean(torch.nn.Module):
    """The mean colour of the foreground, times one learned number."""

    dim = 3

    def __init__(self, weights: str, asked_for: list[str]) -> None:
        super().__init__()
        asked_for.append(weights)
        self.scale = torch.nn.Parameter(torch.ones(1))

    def forward(self, crops: Crops) -> torch.Tensor:
        return self.scale * crops.foreground.mean(dim=(2, 3))


def test_loading_never_asks_for_pretrained_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked_for: list[str] = []
    entry = NetworkEntry(PretrainedConfig, lambda config, _: Mean(config.weights, asked_for))
    monkeypatch.setitem(NETWORKS, "mean", entry)
    spec = ModelSpec("mean", PretrainedConfig(), 32)
    card = save_model(tmp_path, "mean", spec, build_network(spec), None, {}, {})
    assert load_model(tmp_path)[0].spec == card.spec
    edit_card(tmp_path, options={"weights": "imagenet"})
    with pytest.raises(ModelError, match="content hash"):
        load_model(tmp_path)
    assert asked_for == ["imagenet", "none", "none"]


def test_numbers_that_are_not_finite_are_unknown_scores(tmp_path: Path, tiny_model: TinyModel) -> None:
    spec = tiny_model().spec
    scores = {"rank1": float("nan"), "rows": (1, 2)}
    save_model(tmp_path / "m", "m", spec, build_network(spec), None, {}, scores)
    assert read_card(tmp_path / "m").scores == {"rank1": None, "rows": [1, 2]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "other"}, "format: expected 'reobj model', got 'other'"),
        ({"version": 2}, "version: expected 1, got 2"),
        ({"network": "vgg"}, "network: network: expected one of .*got 'vgg'"),
        ({"options": {"depth": 3}}, r"options\.depth: unknown key"),
        ({"options": []}, "options: expected dict"),
        ({"extra": 1}, "extra: unknown key"),
        ({"dim": "12"}, "dim: expected int"),
        ({"dim": 13}, "dim: expected 12, got 13"),
        ({"crop_size": True}, "crop_size: expected int"),
        ({"context": {"ratio": 0.1}}, "context: context ratio"),
        ({"calibration": {"slope": 1.0}}, "calibration: expected all required keys"),
        (
            {"calibration": {"slope": -1.0, "offset": 0.0, "match": 0.5, "new": 0.5, "pairs": 1, "error": 0}},
            "calibration: slope: expected a finite number >= 0",
        ),
        ({"hash": "0" * 64}, "content hash of model.json and model.safetensors: expected 0000"),
        ({"crop_size": 48}, "content hash"),
        ({"context": {"ratio": 3.0}}, "content hash"),
        ({"options": {"dim": 12}}, "expected those of Small"),
    ],
)
def test_a_card_that_was_tampered_with_is_refused(
    tiny_model: TinyModel, folder: Path, changes: dict[str, object], message: str
) -> None:
    tiny_model()
    edit_card(folder, **changes)
    with pytest.raises(ModelError, match=message):
        load_model(folder)


def test_a_missing_key_is_named(tiny_model: TinyModel, folder: Path) -> None:
    tiny_model()
    data = json.loads((folder / CARD_FILE).read_text())
    del data["hash"]
    (folder / CARD_FILE).write_text(json.dumps(data))
    with pytest.raises(ModelError, match=r"model\.json: .*missing of hash$"):
        read_card(folder)


def test_weights_of_another_architecture_are_refused(tiny_model: TinyModel, tmp_path: Path) -> None:
    tiny_model("a")
    tiny_model("b", widths=(4, 16))
    shutil.copy(tmp_path / "b" / WEIGHTS_FILE, tmp_path / "a" / WEIGHTS_FILE)
    with pytest.raises(ModelError, match=r"expected those of Small, got .* of another shape"):
        load_model(tmp_path / "a")


def test_weights_of_another_training_are_refused(tiny_model: TinyModel, tmp_path: Path) -> None:
    tiny_model("a", seed=0)
    tiny_model("b", seed=1)
    shutil.copy(tmp_path / "b" / WEIGHTS_FILE, tmp_path / "a" / WEIGHTS_FILE)
    with pytest.raises(ModelError, match="content hash"):
        load_model(tmp_path / "a")


def test_one_changed_weight_is_noticed(tiny_model: TinyModel, folder: Path) -> None:
    tiny_model()
    state = load_file(folder / WEIGHTS_FILE)
    name = next(name for name, value in state.items() if value.is_floating_point())
    state[name].view(-1)[0] += 1e-3
    save_file(state, folder / WEIGHTS_FILE)
    with pytest.raises(ModelError, match="content hash"):
        load_model(folder)


@pytest.mark.parametrize("name", [CARD_FILE, WEIGHTS_FILE])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused(tiny_model: TinyModel, folder: Path, name: str, share: float) -> None:
    tiny_model()
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: int(share * len(content))])
    with pytest.raises(ModelError, match=name):
        load_model(folder)


@pytest.mark.parametrize("name", [CARD_FILE, WEIGHTS_FILE])
def test_a_missing_file_is_named(tiny_model: TinyModel, folder: Path, name: str) -> None:
    tiny_model()
    (folder / name).unlink()
    with pytest.raises(ModelError, match=name):
        load_model(folder)


@pytest.mark.parametrize("text", ["[]", "3", '{"format": NaN}', "[" * 100_000, "\ud800", "null"])
def test_another_kind_of_json_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / CARD_FILE).write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ModelError, match=r"model\.json"):
        read_card(tmp_path)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_stands_in_a_card_it_is_read_or_refused(
    tiny_model: TinyModel, tmp_path: Path, data: st.DataObject
) -> None:
    if not (tmp_path / "tiny").exists():
        tiny_model(calibration=CALIBRATION)
    card: dict[str, Any] = json.loads((tmp_path / "tiny" / CARD_FILE).read_text())
    place = data.draw(st.sampled_from([card, card["options"], card["context"], card["calibration"]]))
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(_JSON)
    changed = tmp_path / "changed"
    changed.mkdir(exist_ok=True)
    (changed / CARD_FILE).write_text(json.dumps(card))
    with suppress(ModelError):
        read_card(changed)


def test_a_process_killed_while_it_writes_leaves_the_old_model(tiny_model: TinyModel, folder: Path) -> None:
    saved = tiny_model(calibration=CALIBRATION)
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from reobj.encoding import model_file\n"
        "card, network = model_file.load_model(sys.argv[1])\n"
        "next(network.parameters()).data += 1\n"
        "Path.write_text = lambda *args, **kwargs: os.kill(os.getpid(), signal.SIGKILL)\n"
        "model_file.save_model(sys.argv[1], 'new', card.spec, network, None, {}, {})\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(folder)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert any(name.endswith(".part") for name in os.listdir(folder))  # it was killed between the two files
    assert load_model(folder)[0] == saved


def test_a_new_model_replaces_the_old_one_and_leaves_other_files(tiny_model: TinyModel, folder: Path) -> None:
    tiny_model(seed=0)
    (folder / "log.txt").write_text("mine")
    assert tiny_model(seed=1) == load_model(folder)[0]
    assert sorted(os.listdir(folder)) == ["log.txt", CARD_FILE, WEIGHTS_FILE]


def test_a_place_that_cannot_be_written_is_named(tiny_model: TinyModel, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot write"):
        tiny_model("file/model")
