from __future__ import annotations

import pytest
import torch
from crop_batches import noise_crops

from reobj.encoding.stream_features import StreamFeatures
from reobj.errors import InputError, ModelError


def test_both_streams_go_through_the_one_shared_backbone() -> None:
    features = StreamFeatures("concat", "test_resnet", "none", 64).eval()
    crops = noise_crops(2, 64)
    with torch.no_grad():
        found = features(crops)
        expected = [features.backbones[0](image) for image in (crops.foreground, crops.background)]
    assert len(features.backbones) == 1
    for (prefix, maps), own in zip(found, expected, strict=True):
        assert prefix.shape == (2, 0, features.channels)
        torch.testing.assert_close(maps, own, rtol=1e-4, atol=1e-5)


def test_streams_that_do_not_share_have_a_backbone_each() -> None:
    features = StreamFeatures("concat", "test_resnet", "none", 64, shared=False).eval()
    crops = noise_crops(2, 64)
    with torch.no_grad():
        found = features(crops)
        for backbone, (_, maps), image in zip(
            features.backbones, found, (crops.foreground, crops.background), strict=True
        ):
            torch.testing.assert_close(maps, backbone(image))
    weights = [next(backbone.parameters()) for backbone in features.backbones]
    assert not torch.equal(*weights)


def test_tokens_become_a_map_row_by_row_after_those_without_a_place() -> None:
    features = StreamFeatures("full", "test_vit", "none", 64).eval()
    crops = noise_crops(1, 64)
    with torch.no_grad():
        [(prefix, maps)] = features(crops)
        tokens = features.backbones[0](crops.foreground + crops.background - crops_black(crops))
    assert features.grid == (4, 4)
    torch.testing.assert_close(prefix, tokens[:, :1], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(maps[0, :, 1, 2], tokens[0, 1 + 4 + 2], rtol=1e-4, atol=1e-5)


def crops_black(crops) -> torch.Tensor:
    """What a black pixel is after normalisation, (1, 3, 1, 1): a corner is background."""
    return crops.foreground[:1, :, :1, :1]


def test_crops_of_another_size_are_refused() -> None:
    with pytest.raises(InputError, match="expected 64 x 64 px, got 32 x 32"):
        StreamFeatures("concat", "test_resnet", "none", 64)(noise_crops(1, 32))


def test_an_unknown_setup_is_refused() -> None:
    with pytest.raises(ModelError, match="setup"):
        StreamFeatures("both", "test_resnet", "none", 64)  # type: ignore[arg-type]
