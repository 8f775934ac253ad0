from __future__ import annotations

import urllib.error

import pytest
import torch
from crop_batches import noise_crops
from safetensors.torch import save_file
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

from reobj.encoding import features_torchvision
from reobj.encoding.features import build_features
from reobj.errors import ModelError


@pytest.fixture(scope="module")
def resnet() -> torch.nn.Module:
    torch.manual_seed(1)
    return models.resnet18(weights=None).eval()


@pytest.fixture(scope="module")
def vit() -> torch.nn.Module:
    """Of the real architecture, for images of 64 px: 2 x 2 patches."""
    torch.manual_seed(1)
    network = models.vit_b_32(weights=None, image_size=64).eval()
    torch.nn.init.normal_(network.heads.head.weight)  # torchvision begins with zeros
    return network


@pytest.fixture
def images() -> torch.Tensor:
    return noise_crops(2, 64).background


@pytest.fixture
def published(monkeypatch) -> dict:
    """What torchvision would publish, by the entry's name; asked for names stand under ``asked``."""
    states: dict = {"asked": []}

    def fetch(entry):
        states["asked"].append(str(entry))
        return states[type(entry).__name__]

    monkeypatch.setattr(features_torchvision, "download_weights", fetch)
    return states


def test_a_resnet_gives_the_map_before_its_pooling(resnet, images, tmp_path) -> None:
    save_file(resnet.state_dict(), tmp_path / "resnet18.safetensors")
    network = build_features("resnet18", str(tmp_path), 64).eval()
    expected = create_feature_extractor(resnet, ["layer4"])(images)["layer4"]
    assert (network.kind, network.channels, network.grid, network.prefix) == ("map", 512, (2, 2), 0)
    torch.testing.assert_close(network(images), expected)


def test_weights_without_a_classifier_are_taken_too(resnet, images, tmp_path) -> None:
    state = {k: v for k, v in resnet.state_dict().items() if not k.startswith("fc.")}
    torch.save(state, tmp_path / "trunk.pth")
    network = build_features("resnet18", str(tmp_path / "trunk.pth"), 64).eval()
    expected = create_feature_extractor(resnet, ["layer4"])(images)["layer4"]
    torch.testing.assert_close(network(images), expected)


def test_a_vit_gives_the_tokens_that_its_classifier_sees(vit, images, published) -> None:
    published["ViT_B_32_Weights"] = vit.state_dict()
    network = build_features("vit_b_32", "imagenet", 64).eval()
    tokens = network(images)
    assert (network.kind, network.channels, network.grid, network.prefix) == ("tokens", 768, (2, 2), 1)
    assert tokens.shape == (2, 5, 768)
    torch.testing.assert_close(vit.heads(tokens[:, 0]), vit(images), rtol=1e-4, atol=1e-4)


def test_position_embeddings_are_interpolated_to_another_image_size(vit, published) -> None:
    published["ViT_B_32_Weights"] = vit.state_dict()
    network = build_features("vit_b_32", "imagenet", 96)
    before, after = vit.encoder.pos_embedding[0], network.body.encoder.pos_embedding[0]
    assert network.grid == (3, 3)
    torch.testing.assert_close(after[0], before[0])  # the class token's stays
    # with aligned corners the corners stay, and the middle is between all four by symmetry
    torch.testing.assert_close(after[[1, 3, 7, 9]], before[1:], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(after[5], before[1:].mean(dim=0), rtol=1e-4, atol=1e-5)


def test_imagenet_is_torchvisions_default_and_an_entry_can_be_named(resnet, published) -> None:
    published["ResNet18_Weights"] = published["ResNet50_Weights"] = resnet.state_dict()
    build_features("resnet18", "imagenet", 32)
    with pytest.raises(ModelError):  # the weights that stand in are those of a ResNet18
        build_features("resnet50", "imagenet", 32)
    build_features("resnet18", "IMAGENET1K_V1", 32)
    assert published["asked"] == [
        "ResNet18_Weights.IMAGENET1K_V1",
        "ResNet50_Weights.IMAGENET1K_V2",
        "ResNet18_Weights.IMAGENET1K_V1",
    ]


def test_without_a_network_the_error_says_what_to_do(monkeypatch, tmp_path) -> None:
    def offline(*args, **kwargs):
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    monkeypatch.setattr(models.WeightsEnum, "get_state_dict", offline)
    with pytest.raises(ModelError, match=r"cannot fetch https://.*no route to host.*local file"):
        build_features("resnet18", "imagenet", 64)


def test_weights_of_another_architecture_are_refused(resnet, tmp_path) -> None:
    save_file(resnet.state_dict(), tmp_path / "model.safetensors")
    with pytest.raises(ModelError, match=r"for resnet34: expected those of ResNet, got .* missing"):
        build_features("resnet34", str(tmp_path), 64)
    with pytest.raises(ModelError, match="for vit_b_32: expected those of VisionTransformer"):
        build_features("vit_b_32", str(tmp_path), 64)


def test_an_image_that_patches_do_not_fill_is_refused() -> None:
    with pytest.raises(ModelError, match="a multiple of 32 px for backbone vit_b_32, got 100"):
        build_features("vit_b_32", "none", 100)


def test_equal_seeds_draw_equal_weights() -> None:
    states = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        states.append(build_features("resnet18", "none", 32).state_dict()["body.conv1.weight"])
    assert torch.equal(states[0], states[1])
    assert not torch.equal(states[0], states[2])
