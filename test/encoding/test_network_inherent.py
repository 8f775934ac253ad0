from __future__ import annotations

import pytest
import torch
from crop_batches import noise_crops
from safetensors.torch import save_file
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

from reobj.encoding.network_inherent import InherentConfig, make_inherent
from reobj.encoding.streams import full_crop
from reobj.errors import InputError


@pytest.mark.parametrize("setup", ["full", "no-train"])
def test_the_papers_code_is_the_output_of_pool5(setup, tmp_path) -> None:
    torch.manual_seed(1)
    resnet = models.resnet18(weights=None).eval()
    save_file(resnet.state_dict(), tmp_path / "resnet18.safetensors")
    network = make_inherent(InherentConfig(setup, weights=str(tmp_path)), 64).eval()
    crops = noise_crops(2, 64)
    with torch.no_grad():
        expected = create_feature_extractor(resnet, ["avgpool"])(full_crop(crops))["avgpool"].flatten(1)
        torch.testing.assert_close(network(crops), expected)
    assert expected.shape == (2, network.dim) == (2, 512)


def test_codes_of_both_streams_are_joined() -> None:
    network = make_inherent(InherentConfig(backbone="test_resnet", weights="none"), 64).eval()
    crops = noise_crops(2, 64)
    with torch.no_grad():
        backbone = network.features.backbones[0]
        codes = [backbone(image).flatten(2).mean(dim=2) for image in (crops.foreground, crops.background)]
        torch.testing.assert_close(network(crops), torch.cat(codes, dim=1), rtol=1e-4, atol=1e-5)


def test_our_head_gives_short_embeddings_of_length_one() -> None:
    config = InherentConfig(
        backbone="test_resnet", weights="none", pooling="gem", projection=10, normalise=True
    )
    with torch.no_grad():
        embeddings = make_inherent(config, 64).eval()(noise_crops(2, 64))
    assert embeddings.shape == (2, 10)
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(2))


def test_a_negative_projection_is_refused() -> None:
    with pytest.raises(InputError, match="projection"):
        InherentConfig(projection=-1)
