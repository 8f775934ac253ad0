from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reobj.card_file import WEIGHTS_FILE
from reobj.encoding import shipped
from reobj.encoding.model_file import ModelCard, load_model
from reobj.encoding.registry import make_encoder
from reobj.encoding.shipped import MODELS, model_folder, shipped_models
from reobj.errors import ModelError

TinyModel = Callable[..., ModelCard]


@pytest.fixture
def shipping(tiny_model: TinyModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelCard:
    """A package that ships one model."""
    monkeypatch.setattr(shipped, "MODELS", tmp_path / "models")
    return tiny_model("models/ours", seed=5)


def test_a_model_that_ships_is_found_by_its_name(shipping: ModelCard, tmp_path: Path) -> None:
    assert shipped_models() == ("ours",)
    assert model_folder("ours") == tmp_path / "models" / "ours"
    assert make_encoder("trained", "cpu", model="ours").model == shipping.model_id


def test_a_folder_is_found_by_its_path(shipping: ModelCard, tiny_model: TinyModel, tmp_path: Path) -> None:
    tiny_model("mine")
    assert model_folder(tmp_path / "mine") == tmp_path / "mine"


def test_a_shipped_name_wins_unless_a_path_is_written(
    shipping: ModelCard, tiny_model: TinyModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_model("ours")
    monkeypatch.chdir(tmp_path)
    assert model_folder("ours") == tmp_path / "models" / "ours"
    assert model_folder("./ours").resolve() == tmp_path / "ours"


def test_neither_name_nor_folder_is_an_error_that_lists_the_names(shipping: ModelCard) -> None:
    with pytest.raises(ModelError, match=r"one of ours, a folder with model\.json, got 'theirs'"):
        model_folder("theirs")


@pytest.mark.parametrize("name", shipped_models())
def test_what_ships_loads_is_small_and_is_calibrated(name: str) -> None:
    card, _ = load_model(MODELS / name)
    assert card.name == name
    assert card.calibration is not None
    assert (MODELS / name / WEIGHTS_FILE).stat().st_size <= 8 * 2**20
