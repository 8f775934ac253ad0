"""`reobj reproduce scannet` over tiny scans in ScanNet's form, with tiny networks."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from tiny_store import write_scans

from reobj.commands.console import progress_bar
from reobj.errors import ConfigError, InputError, StorageError
from reobj.evaluation import reproduce as reproduce_module
from reobj.evaluation.reproduce import ReproduceConfig, reproduce_scannet, train_config

TINY = {
    "model": {"network": "appearance", "crop_size": 16, "context": {"pixels": 10}},
    "loss": {"name": "triplet", "margin": 1.0},
    "sampler": {"identities": 3, "views": 2, "scenes": 1},
    "budget": {"steps": 500, "validate_every": 500},
    "validation": {"min_gap": 0},
    "workers": 0,
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scannet")
    write_scans(folder / "scans")
    (folder / "train").mkdir()
    (folder / "train" / "appearance-paper.yaml").write_text(yaml.safe_dump(TINY))
    return folder


@pytest.fixture
def config(root: Path, tmp_path: Path) -> ReproduceConfig:
    return ReproduceConfig(root, tmp_path / "out", root / "train", ("appearance",), steps=1, device="cpu")


def test_the_table_stands_beside_the_papers_and_a_second_run_keeps_it(
    config: ReproduceConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = reproduce_scannet(config, progress_bar)
    assert [(row.name, row.setup, row.protocol) for row in rows] == [
        ("appearance", "full", "cross-scene"),
        ("appearance", "full", "same-scene-same-class"),
        ("deepsort", "", "image pairs"),
    ]
    assert all(row.folds == 3 for row in rows)
    text = (config.out / "results.md").read_text(encoding="utf-8")
    assert "*DeepSORT (Bansal et al. 2019, table 2)* | *49.60*" in text
    assert "*DGNet" in text
    with (config.out / "results.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [float(line["rank-1"]) for line in lines[:3]] == pytest.approx(
        [100 * row.figures["rank-1"].mean for row in rows], abs=1e-3
    )
    monkeypatch.setattr(reproduce_module, "examine", None)  # would fail if it were measured again
    assert reproduce_scannet(config, progress_bar) == rows


def test_results_of_other_settings_are_not_mixed(config: ReproduceConfig) -> None:
    reproduce_module._check_settings(config)
    with pytest.raises(StorageError, match="choose another folder"):
        reproduce_scannet(replace(config, steps=2), progress_bar)


def test_a_row_is_trained_as_configured_but_for_its_setup_and_budget(config: ReproduceConfig) -> None:
    found = train_config(config, "appearance", "full")
    assert (found.model.options.setup, found.budget.steps, found.model.crop_size) == ("full", 1, 16)
    assert train_config(replace(config, steps=None), "appearance", "full").budget.steps == 500


def test_options_that_are_no_mapping_are_named(config: ReproduceConfig, tmp_path: Path) -> None:
    wrong = {**TINY, "model": {**TINY["model"], "options": "wide"}}
    (tmp_path / "appearance.yaml").write_text(yaml.safe_dump(wrong))
    with pytest.raises(ConfigError, match=r"model\.options: expected a mapping, got 'wide'"):
        train_config(replace(config, configs=tmp_path), "appearance", "full")


def test_a_network_without_a_configuration_is_said_before_anything_is_built(config: ReproduceConfig) -> None:
    with pytest.raises(ConfigError, match=r"reobj\.yaml"):
        reproduce_scannet(replace(config, networks=("reobj",)), progress_bar)
    assert not config.out.exists()


def test_unknown_networks_and_setups_are_refused(config: ReproduceConfig) -> None:
    with pytest.raises(InputError, match=r"networks: expected some of .*, got alexnet"):
        replace(config, networks=("alexnet",))
    with pytest.raises(InputError, match="setups"):
        replace(config, setups=("concat",))  # which no paper has for this network
    with pytest.raises(InputError, match="setups: expected some of full for appearance, got full, wide"):
        replace(config, setups=("full", "wide"))


def test_too_few_scenes_are_said(config: ReproduceConfig) -> None:
    with pytest.raises(InputError, match="scenes with views: expected at least 3"):
        reproduce_scannet(replace(config, limit_scenes=2), progress_bar)
