from __future__ import annotations

from pathlib import Path

import pytest

from reobj.errors import ConfigError
from reobj.training.config import config_mapping, load_train_config, parse_train_config

MODEL = {"network": "small", "crop_size": 32}
SHIPPED = sorted(Path("config/train").resolve().glob("*.yaml"))


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"budgt": {}}, "budgt"),
        ({"budget": {"step": 3}}, "budget.step"),
        ({"budget": {"steps": 0}}, "budget: steps"),
        ({"budget": {"steps": None}}, "budget: steps, max_minutes"),
        ({"budget": {"patience": 0}}, "budget: patience"),
        ({"sampler": {"identities": 0}}, "sampler: identities"),
        ({"sampler": {"views": 1}}, "sampler: views"),
        ({"sampler": {"same_class": 1.5}}, "sampler: same_class"),
        ({"sampler": {"transformed": 1}}, "sampler.transformed"),
        ({"augment": {"flip": float("nan")}}, "augment: flip"),
        ({"augment": {"drop_foreground": 0.6, "drop_background": 0.6}}, "drop_foreground"),
        ({"optimizer": {"name": "lion"}}, "optimizer.name"),
        ({"optimizer": {"lr": 0.0}}, "optimizer: lr"),
        ({"optimizer": {"clip": -1.0}}, "optimizer: clip"),
        ({"loss": {"name": "contrast"}}, "contrast"),
        ({"loss": {"name": "sup_con", "temperatur": 1.0}}, "loss.temperatur"),
        ({"loss": 3}, "loss"),
        ({"model": {**MODEL, "options": {"setups": "full"}}}, "model.options.setups"),
        ({"validation": {"holdout": 1.0}}, "validation: holdout"),
        ({"precision": "8"}, "precision"),
        ({"seed": -1}, "seed"),
        ({"workers": "two"}, "workers"),
    ],
)
def test_a_wrong_value_is_an_error_that_names_its_key(changes: dict, key: str) -> None:
    with pytest.raises(ConfigError, match=key):
        parse_train_config({"model": MODEL, **changes})


@pytest.mark.parametrize("data", [None, 3, {}, {"loss": {}}])
def test_a_configuration_without_a_model_is_refused(data: object) -> None:
    with pytest.raises(ConfigError):
        parse_train_config(data)


def test_keys_that_are_left_out_keep_their_defaults() -> None:
    config = parse_train_config({"model": MODEL, "sampler": {"views": 5}})
    assert (config.sampler.views, config.sampler.identities, config.loss.name) == (5, 32, "sup_con")


def test_the_plain_form_makes_the_same_configuration_again() -> None:
    config = parse_train_config(
        {"model": MODEL, "loss": {"name": "triplet", "margin": 0.5}, "budget": {"max_minutes": 3}}
    )
    assert parse_train_config(config_mapping(config)) == config


@pytest.mark.parametrize("text", ["model: [", "- 1", "", "\x00"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "train.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"train\.yaml"):
        load_train_config(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.yaml"):
        load_train_config(tmp_path / "absent.yaml")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_configuration_is_valid(path: Path) -> None:
    assert load_train_config(path).sampler.batch >= 2
