from __future__ import annotations

import pytest
import torch
from crop_batches import noise_crops

from reobj.encoding.network_attention import AttentionConfig, AttentionPool, make_attention
from reobj.errors import InputError

_SMALL = {"backbone": "test_vit", "weights": "none"}
_DEPLOY = {"stream_marks": True, "pooling": "attention", "projection": 10, "normalise": True}


def test_the_papers_network_has_302592_numbers() -> None:
    network = make_attention(AttentionConfig(weights="none"), 224)
    assert network.dim == 2 * (14 * 14 + 1) * 768 == 302_592
    assert network.block.self_attn.num_heads == 12


def test_the_papers_embedding_is_all_tokens_after_the_block() -> None:
    network = make_attention(AttentionConfig(**_SMALL), 64).eval()
    crops = noise_crops(2, 64)
    with torch.no_grad():
        backbone = network.features.backbones[0]
        tokens = torch.cat([backbone(crops.foreground), backbone(crops.background)], dim=1)
        expected = network.block(tokens).flatten(1)
        torch.testing.assert_close(network(crops), expected, rtol=1e-3, atol=1e-4)
    assert expected.shape == (2, 2 * 17 * 64)


def test_each_stream_sees_the_other() -> None:
    network = make_attention(AttentionConfig(**_SMALL), 64).eval()
    crops, other = noise_crops(1, 64), noise_crops(1, 64, seed=1)
    mixed = type(crops)(crops.foreground, other.background, crops.mask, crops.inside)
    with torch.no_grad():
        half = network.dim // 2
        assert not torch.allclose(network(crops)[:, :half], network(mixed)[:, :half], atol=1e-4)


def test_our_head_gives_short_embeddings_of_length_one() -> None:
    network = make_attention(AttentionConfig(**_SMALL, **_DEPLOY), 64).eval()
    with torch.no_grad():
        embeddings = network(noise_crops(2, 64))
    assert embeddings.shape == (2, 10)
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(2))


def test_a_query_that_favours_no_token_pools_their_mean() -> None:
    pool = AttentionPool(4, 3)
    torch.nn.init.zeros_(pool.query.weight)
    tokens = torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(pool(tokens), pool.project(pool.norm(tokens).mean(dim=1)))


def test_stream_marks_tell_equal_images_of_two_streams_apart() -> None:
    crops = noise_crops(1, 64)
    same = type(crops)(crops.background, crops.background, crops.mask, crops.inside)
    for marks in (False, True):
        network = make_attention(AttentionConfig(**_SMALL, stream_marks=marks), 64).eval()
        with torch.no_grad():
            first, second = network(same).chunk(2, dim=1)
        assert torch.allclose(first, second, atol=1e-5) != marks


@pytest.mark.parametrize("options", [{}, _DEPLOY])
def test_attention_is_shared_out_among_all_tokens(options) -> None:
    network = make_attention(AttentionConfig(**_SMALL, **options), 64).eval()
    weights = network.attention_weights(noise_crops(3, 64))
    assert list(weights) == ["foreground", "background"]
    assert all(part.shape == (3, 4, 4) and (part >= 0).all() for part in weights.values())
    total = torch.stack([part.sum(dim=(1, 2)) for part in weights.values()]).sum(dim=0)
    assert ((total > 0.5) & (total < 1)).all()  # the class tokens get the rest


def test_attention_of_the_block_is_the_softmax_of_its_scores() -> None:
    network = make_attention(AttentionConfig("full", **_SMALL), 64).eval()
    crops = noise_crops(1, 64)
    attn = network.block.self_attn
    with torch.no_grad():
        [(prefix, maps)] = network.features(crops)
        tokens = network.block.norm1(torch.cat([prefix, maps.flatten(2).transpose(1, 2)], dim=1))[0]
        q, k, _ = (tokens @ attn.in_proj_weight.T + attn.in_proj_bias).chunk(3, dim=1)
        assert attn.num_heads == 1
        expected = (q @ k.T / 64**0.5).softmax(dim=1).mean(dim=0)[1:].reshape(4, 4)
    torch.testing.assert_close(network.attention_weights(crops)["full"][0], expected)


def test_no_instance_has_no_attention() -> None:
    weights = make_attention(AttentionConfig(**_SMALL), 64).eval().attention_weights(noise_crops(0, 64))
    assert {part.shape for part in weights.values()} == {(0, 4, 4)}


def test_a_convolutional_backbone_gives_a_token_for_each_place() -> None:
    network = make_attention(AttentionConfig(backbone="test_resnet", weights="none"), 64)
    height, width = network.features.grid
    assert network.dim == 2 * height * width * network.features.channels


def test_a_projection_to_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="projection"):
        AttentionConfig(projection=0)
