from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import torch

from reobj.encoding.context import ContextSpec
from reobj.encoding.model_spec import (
    ModelSpec,
    build_network,
    parse_model_spec,
    spec_mapping,
    without_pretraining,
)
from reobj.encoding.network_maskreid import MaskReIDConfig
from reobj.encoding.network_small import SmallConfig
from reobj.encoding.networks import NETWORKS
from reobj.errors import ConfigError, InputError, ModelError

TINY = SmallConfig(widths=(4, 8), blocks=(1,), layout_channels=2, layout_grid=2, dim=12)
SPEC = ModelSpec("small", TINY, 32, ContextSpec(ratio=1.5, pixels=3.0, square=True))


def test_a_specification_survives_json() -> None:
    assert parse_model_spec(json.loads(json.dumps(spec_mapping(SPEC))), "model") == SPEC


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_every_network_survives_json_with_its_defaults(name: str) -> None:
    spec = ModelSpec(name, NETWORKS[name].config(), 64)
    assert parse_model_spec(json.loads(json.dumps(spec_mapping(spec))), "model") == spec


def test_what_is_left_out_keeps_its_default() -> None:
    assert parse_model_spec({"network": "small", "crop_size": 64}, "") == ModelSpec(
        "small", SmallConfig(), 64
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"network": "vgg"}, r"model\.network: network: expected one of .*small.*got 'vgg'"),
        ({"options": {"depth": 3}}, r"model\.options\.depth: unknown key"),
        ({"options": {"dim": "many"}}, r"model\.options\.dim: expected int"),
        ({"options": {"widths": []}}, r"model\.options: widths"),
        ({"crop_size": 8}, r"model\.crop_size: expected an integer from 16 to 1024, got 8"),
        ({"crop_size": 10**9}, r"model\.crop_size"),
        ({"context": {"ratio": 0.5}}, r"model\.context: context ratio"),
        ({"colour": "red"}, r"model\.colour: unknown key"),
    ],
)
def test_errors_name_the_key(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_model_spec({"network": "small", "crop_size": 64} | change, "model")


def test_a_missing_key_is_named() -> None:
    with pytest.raises(ConfigError, match="crop_size"):
        parse_model_spec({"network": "small"}, "model")


def test_options_of_another_network_are_refused() -> None:
    with pytest.raises(InputError, match="expected SmallConfig, got MaskReIDConfig"):
        ModelSpec("small", MaskReIDConfig(), 64)


def test_an_unknown_network_is_refused() -> None:
    with pytest.raises(ModelError, match="expected one of"):
        replace(SPEC, network="vgg")


def test_the_same_seed_draws_the_same_weights_and_another_one_others() -> None:
    first, again, other = (build_network(SPEC, seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_building_leaves_the_global_random_state_alone() -> None:
    before = torch.random.get_rng_state()
    build_network(SPEC, 3)
    assert torch.equal(before, torch.random.get_rng_state())


def test_pretrained_weights_are_not_asked_for_again() -> None:
    spec = ModelSpec("maskreid", MaskReIDConfig(weights="trunk.pth"), 64)
    assert without_pretraining(spec) == replace(spec, options=MaskReIDConfig(weights="none"))
    assert without_pretraining(SPEC) == SPEC
