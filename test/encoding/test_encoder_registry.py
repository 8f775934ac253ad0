from __future__ import annotations

import pytest

from reobj.encoding.registry import ENCODERS, make_encoder
from reobj.errors import ConfigError, ModelError


def test_an_encoder_by_name_with_options() -> None:
    encoder = make_encoder(
        "backbone", "cpu", weights="random", crop_size=32, synthetic_images=4, components=2
    )
    assert encoder.model.dim == 8


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ModelError, match="one of backbone, trained, got 'resnet'"):
        make_encoder("resnet")


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(ConfigError, match=r"encoder\.backbone\.crop"):
        make_encoder("backbone", "cpu", crop=3)


def test_every_entry_has_a_complete_default_configuration() -> None:
    for entry in ENCODERS.values():
        entry.config()
