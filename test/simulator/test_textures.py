import numpy as np
import pytest

from reobj.errors import InputError
from reobj.scans.simulator.atlas import build_atlas
from reobj.scans.simulator.noise import SIZE, periodic_noise
from reobj.scans.simulator.patterns import PAINTERS as PATTERNS
from reobj.scans.simulator.scene import Texture
from reobj.scans.simulator.textures import PAINTERS, paint

COLOURS = ((0.7, 0.5, 0.3), (0.3, 0.4, 0.6), (0.5, 0.6, 0.2), (0.8, 0.3, 0.3))
FILLING = {"rug", "keys"}  # patterns that fill [0, 1] once


@pytest.mark.parametrize("kind", sorted(PAINTERS))
def test_every_kind_paints_an_image_that_depends_only_on_its_description(kind: str) -> None:
    image = paint(Texture(kind, COLOURS, 3))
    assert image.shape == (SIZE, SIZE, 3)
    assert image.dtype == np.uint8
    assert np.array_equal(image, paint(Texture(kind, COLOURS, 3)))
    assert image.std() > 1


@pytest.mark.parametrize("kind", sorted(set(PATTERNS) - FILLING - {"keys"}))
def test_patterns_tile_without_a_seam(kind: str) -> None:
    image = paint(Texture(kind, COLOURS, 5)).astype(float)
    seam = np.abs(image[:, 0] - image[:, -1]).mean()
    inner = np.abs(np.diff(image, axis=1)).mean(axis=(0, 2))
    assert seam <= inner.max() + 1


def test_noise_is_periodic_centred_and_of_unit_deviation() -> None:
    noise = periodic_noise(np.random.default_rng(0), 1.5)
    assert noise.mean() == pytest.approx(0, abs=1e-5)
    assert noise.std() == pytest.approx(1, abs=1e-5)
    assert np.abs(noise[:, 0] - noise[:, -1]).max() < 1


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(InputError, match="velvet"):
        paint(Texture("velvet", COLOURS))


def lookup(textures: tuple[Texture, ...], index: int, u: float, v: float, level: float) -> np.ndarray:
    atlas = build_atlas(textures)
    at = np.array([[u, v]], np.float32)
    return atlas.sample(np.array([index], np.int32), at, np.array([level], np.float32))[0]


TWO = (Texture("poster", COLOURS, 1), Texture("picture", COLOURS, 2))


@pytest.mark.parametrize("index", [0, 1])
def test_sampling_a_texel_centre_gives_the_texel(index: int) -> None:
    expected = (paint(TWO[index])[100, 30] / 255.0) ** 2.2
    assert lookup(TWO, index, 30.5 / SIZE, 100.5 / SIZE, 0.0) == pytest.approx(expected, abs=0.02)


def test_sampling_repeats_with_period_one() -> None:
    assert np.allclose(lookup(TWO, 0, 0.3, 0.7, 0.0), lookup(TWO, 0, 2.3, -0.3, 0.0), atol=0.02)


def test_the_coarsest_level_is_close_to_the_mean() -> None:
    textures = (Texture("carpet", COLOURS, 1),)
    mean = build_atlas(textures).means[0]
    assert lookup(textures, 0, 0.4, 0.4, 9.0) == pytest.approx(mean, rel=0.15)


def test_a_level_between_two_is_their_mixture() -> None:
    fine, middle, coarse = (lookup(TWO, 0, 0.31, 0.52, level) for level in (2.0, 2.5, 3.0))
    assert np.allclose(middle, (fine + coarse) / 2, atol=1e-5)
