"""What every network of the registry promises."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any, get_args

import pytest
import torch
from crop_batches import crops_of, noise, noise_crops, rectangles

from reobj.encoding.networks import NETWORKS, network_entry
from reobj.encoding.streams import Setup
from reobj.errors import ModelError

_SIZE = 64
_DEPLOY = {"projection": 8, "normalise": True}
#: Small forms, so that tests take seconds; by the papers' heads, and by ours where they differ.
_FORMS: dict[str, tuple[str, dict[str, Any]]] = {
    "reobj": ("reobj", {"backbone": "resnet18", "reduced": 8, "widths": (8, 16, 16)}),
    "reobj deploy": (
        "reobj",
        {"backbone": "test_resnet", "widths": (8, 16, 16), "batch_norm": True, "pooling": "gem", **_DEPLOY},
    ),
    "attention": ("attention", {"backbone": "test_vit"}),
    "attention deploy": (
        "attention",
        {"backbone": "test_vit", "stream_marks": True, "pooling": "attention", **_DEPLOY},
    ),
    "inherent": ("inherent", {"backbone": "test_resnet"}),
    "inherent deploy": ("inherent", {"backbone": "test_resnet", "pooling": "gem", **_DEPLOY}),
    "maskreid": ("maskreid", {}),
    "osnet": ("osnet", {}),
    "appearance": ("appearance", {}),
    "small": ("small", {}),
}
_PAPERS = [form for form in _FORMS if form.split()[0] in ("reobj", "attention", "inherent")]
_SETUPS = get_args(Setup)


@cache
def _network(form: str, setup: str) -> torch.nn.Module:
    name, options = _FORMS[form]
    entry = network_entry(name)
    known = {field.name for field in dataclasses.fields(entry.config)}
    weights = {"weights": "none"} if "weights" in known else {}
    torch.manual_seed(0)
    return entry.make(entry.config(setup=setup, **options, **weights), _SIZE).eval()


@torch.no_grad()
def _embed(form: str, setup: str, crops) -> torch.Tensor:
    return _network(form, setup)(crops)


def test_every_network_is_tried_here() -> None:
    assert {name for name, _ in _FORMS.values()} == set(NETWORKS)


@pytest.mark.parametrize("setup", _SETUPS)
@pytest.mark.parametrize("form", _FORMS)
def test_embeddings_have_the_length_that_the_network_states(form, setup) -> None:
    network = _network(form, setup)
    embeddings = _embed(form, setup, noise_crops(2, _SIZE))
    assert network.setup == setup
    assert embeddings.shape == (2, network.dim)
    assert embeddings.dtype == torch.float32


@pytest.mark.parametrize("form", _FORMS)
def test_no_instance_gives_no_embedding(form) -> None:
    assert _embed(form, "concat", noise_crops(0, _SIZE)).shape == (0, _network(form, "concat").dim)


@pytest.mark.parametrize("form", _FORMS)
def test_rows_do_not_see_each_other(form) -> None:
    crops = noise_crops(3, _SIZE)
    together, alone = _embed(form, "concat", crops)[:1], _embed(form, "concat", crops.first(1))
    torch.testing.assert_close(together, alone, rtol=1e-3, atol=1e-4 * alone.abs().max().item())


@pytest.mark.parametrize("setup", _SETUPS)
@pytest.mark.parametrize("form", _FORMS)
def test_only_what_the_setup_shows_changes_the_embedding(form, setup) -> None:
    mask = rectangles(1, _SIZE)
    before, other = noise(1, _SIZE, 0), noise(1, _SIZE, 1)
    new_background = crops_of(torch.where(mask > 0, before, other), mask)
    new_foreground = crops_of(torch.where(mask > 0, other, before), mask)
    embedding = _embed(form, setup, crops_of(before, mask))
    assert torch.equal(embedding, _embed(form, setup, new_background)) == (setup == "foreground")
    assert torch.equal(embedding, _embed(form, setup, new_foreground)) == (setup == "background")


@pytest.mark.parametrize("form", _PAPERS)
def test_the_whole_crop_says_nothing_of_the_mask(form) -> None:
    colour = noise(1, _SIZE)
    with_object, without = crops_of(colour, rectangles(1, _SIZE)), crops_of(colour, torch.zeros(1, 1, 64, 64))
    for setup in ("full", "no-train"):
        assert torch.equal(_embed(form, setup, with_object), _embed(form, setup, without))


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("form", _FORMS)
def test_an_empty_mask_and_one_that_fills_the_crop_give_finite_embeddings(form, value) -> None:
    embedding = _embed(form, "concat", crops_of(noise(1, _SIZE), torch.full((1, 1, _SIZE, _SIZE), value)))
    assert torch.isfinite(embedding).all()
    assert embedding.norm() > 0.1


@pytest.mark.parametrize("form", _FORMS)
def test_bfloat16_gives_nearly_the_same_directions(form) -> None:
    crops = noise_crops(2, _SIZE)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = _embed(form, "concat", crops)
    assert rounded.dtype == torch.float32
    likeness = torch.nn.functional.cosine_similarity(rounded, _embed(form, "concat", crops), dim=1)
    assert (likeness > 0.98).all()


@pytest.mark.parametrize("form", _FORMS)
def test_gradients_reach_every_parameter_that_is_trained(form) -> None:
    network = _network(form, "concat")
    network.zero_grad()
    embeddings = network(noise_crops(2, _SIZE))
    (embeddings * torch.randn(embeddings.shape, generator=torch.Generator().manual_seed(0))).sum().backward()
    without = [name for name, p in network.named_parameters() if p.requires_grad and p.grad is None]
    assert without == []


@pytest.mark.parametrize("form", _PAPERS)
def test_no_train_has_nothing_to_train(form) -> None:
    assert not any(p.requires_grad for p in _network(form, "no-train").parameters())


@pytest.mark.parametrize("setup", _SETUPS)
@pytest.mark.parametrize("form", _PAPERS)
def test_each_stream_has_a_layer_of_its_own_whose_map_can_be_watched(form, setup) -> None:
    network, seen = _network(form, setup), {}
    handles = [
        layer.register_forward_hook(lambda _layer, _inputs, out, name=name: seen.update({name: out}))
        for name, layer in network.explain_layers().items()
    ]
    _embed(form, setup, noise_crops(2, _SIZE))
    for handle in handles:
        handle.remove()
    expected = ("foreground", "background") if setup == "concat" else ("full",)
    assert tuple(seen) == (expected if setup not in ("foreground", "background") else (setup,))
    assert {maps.shape[0] for maps in seen.values()} == {2}
    assert {maps.ndim for maps in seen.values()} == {4}


def test_an_unknown_network_names_the_known_ones() -> None:
    with pytest.raises(ModelError, match=r"appearance, attention, inherent, .*, got 'resnet'"):
        network_entry("resnet")
