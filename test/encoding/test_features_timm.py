from __future__ import annotations

import pytest
import timm
import torch
from crop_batches import noise_crops
from safetensors.torch import save_file

from reobj.encoding.crops import denormalised
from reobj.encoding.features import FeatureNet, build_features
from reobj.encoding.features_timm import _Features
from reobj.errors import ModelError

#: timm's smallest transformer (patches of 16 px) and residual network, made for tests.
VIT, RESNET = "test_vit", "test_resnet"


@pytest.fixture
def images() -> torch.Tensor:
    return noise_crops(2, 64).background


@pytest.fixture(scope="module")
def vit_file(tmp_path_factory) -> str:
    """Weights of the transformer for images of 96 px, with a classifier of ten classes."""
    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("weights") / "vit.safetensors"
    save_file(timm.create_model(VIT, img_size=96, num_classes=10).state_dict(), path)
    return str(path)


def test_a_dinov2_takes_images_of_another_size_than_its_own() -> None:
    network = build_features("vit_small_patch14_dinov2", "none", 42).eval()
    assert (network.kind, network.channels, network.grid, network.prefix) == ("tokens", 384, (3, 3), 1)
    with torch.no_grad():
        assert network(noise_crops(2, 42).background).shape == (2, 10, 384)


def test_register_tokens_count_as_tokens_without_a_place() -> None:
    assert build_features("vit_small_patch14_reg4_dinov2", "none", 28).prefix == 5


def test_a_convolutional_model_gives_a_map(images) -> None:
    network = build_features(RESNET, "none", 64).eval()
    assert network.kind == "map"
    assert network(images).shape == (2, network.channels, *network.grid)


def test_weights_from_a_file_give_timms_own_features(vit_file, images, tmp_path) -> None:
    network = build_features(VIT, vit_file, 64).eval()
    own = timm.create_model(VIT, checkpoint_path=vit_file, img_size=96, num_classes=10, dynamic_img_size=True)
    mean, std = (torch.tensor(own.pretrained_cfg[k]).view(1, 3, 1, 1) for k in ("mean", "std"))
    assert own.pretrained_cfg["mean"] == (
        0.5,
        0.5,
        0.5,
    )  # so that other statistics than ImageNet's are tested
    expected = own.eval().forward_features((denormalised(images) - mean) / std)
    torch.testing.assert_close(network(images), expected, rtol=1e-3, atol=1e-3)


def test_position_embeddings_of_another_image_size_are_interpolated(vit_file) -> None:
    native, smaller = (build_features(VIT, vit_file, size).body.network for size in (96, 64))
    expected = timm.layers.resample_abs_pos_embed(native.pos_embed, [4, 4], num_prefix_tokens=1)
    torch.testing.assert_close(smaller.pos_embed, expected)


def test_weights_of_another_architecture_are_refused(vit_file) -> None:
    with pytest.raises(
        ModelError, match=r"backbone test_resnet: cannot be made with weights .*vit\.safetensors"
    ):
        build_features(RESNET, vit_file, 64)


def test_weights_that_lack_a_tensor_are_refused(vit_file, tmp_path) -> None:
    state = timm.create_model(VIT, img_size=64, num_classes=0).state_dict()
    del state["norm.bias"]
    save_file(state, tmp_path / f"{VIT}.safetensors")
    with pytest.raises(ModelError, match=r"norm\.bias"):
        build_features(VIT, str(tmp_path), 64)


def test_without_a_network_the_error_says_what_to_do(monkeypatch) -> None:
    def offline(*args, **kwargs):
        raise FileNotFoundError("cannot reach the hub")

    monkeypatch.setattr(timm, "create_model", offline)
    with pytest.raises(ModelError, match=r"cannot reach the hub.*folder with test_vit\.safetensors"):
        build_features(VIT, "imagenet", 64)


def test_an_unknown_backbone_names_near_ones() -> None:
    with pytest.raises(ModelError, match=r"for instance .*resnet50.*, got 'resnet5O'"):
        build_features("resnet5O", "none", 64)


def test_an_image_that_patches_do_not_fill_is_refused() -> None:
    with pytest.raises(ModelError, match="images of 100 x 100 px"):
        build_features(VIT, "none", 100)


class _ChannelsLast(torch.nn.Module):
    num_features = 3

    def forward_features(self, images: torch.Tensor) -> torch.Tensor:
        return images.permute(0, 2, 3, 1)


def test_maps_with_channels_last_are_turned() -> None:
    images = noise_crops(1, 8).background
    assert torch.equal(_Features(_ChannelsLast())(images), images)


class _Oblong(torch.nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.flatten(2)[:, :, :7].transpose(1, 2)


def test_tokens_that_are_no_square_grid_are_refused() -> None:
    with pytest.raises(ModelError, match="tokens of a square grid, got 7 tokens, 1 of them without place"):
        FeatureNet(_Oblong(), 8, prefix=1)
