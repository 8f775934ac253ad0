from __future__ import annotations

import pytest
import torch
from crop_batches import crops_of, noise, rectangles

from reobj.encoding.crops import normalised
from reobj.encoding.streams import full_crop, stream_images, stream_names
from reobj.errors import ModelError


def test_the_full_crop_is_what_was_taken_apart() -> None:
    colour = noise(2, 8)
    assert torch.equal(full_crop(crops_of(colour, rectangles(2, 8))), normalised(colour))


@pytest.mark.parametrize(
    ("setup", "names"),
    [
        ("no-train", ("full",)),
        ("full", ("full",)),
        ("concat", ("foreground", "background")),
        ("foreground", ("foreground",)),
        ("background", ("background",)),
    ],
)
def test_each_setup_has_its_images_in_their_order(setup, names) -> None:
    crops = crops_of(noise(2, 8), rectangles(2, 8))
    known = {"full": full_crop(crops), "foreground": crops.foreground, "background": crops.background}
    images = stream_images(crops, setup)
    assert stream_names(setup) == names
    assert len(images) == len(names)
    assert all(torch.equal(image, known[name]) for image, name in zip(images, names, strict=True))


def test_an_unknown_setup_names_the_known_ones() -> None:
    with pytest.raises(ModelError, match=r"no-train, full, concat, foreground, background, got 'both'"):
        stream_names("both")  # type: ignore[arg-type]
