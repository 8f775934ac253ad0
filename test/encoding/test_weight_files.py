from __future__ import annotations

import pytest

from reobj.encoding.weight_files import find_weights
from reobj.errors import ModelError


def test_a_file_stands_for_itself(tmp_path) -> None:
    (tmp_path / "some.pth").touch()
    assert find_weights(str(tmp_path / "some.pth"), "resnet18") == tmp_path / "some.pth"


def test_in_a_folder_the_backbones_own_name_goes_before_published_and_general_ones(tmp_path) -> None:
    found = []
    for name in ("model.safetensors", "resnet18-f37072fd.pth", "resnet18.pt", "resnet18.safetensors"):
        (tmp_path / name).touch()
        found.append(find_weights(str(tmp_path), "resnet18", ["resnet18-f37072fd.pth"]).name)
    assert found == ["model.safetensors", "resnet18-f37072fd.pth", "resnet18.pt", "resnet18.safetensors"]


def test_another_backbones_weights_in_the_folder_are_not_taken(tmp_path) -> None:
    (tmp_path / "resnet50.safetensors").touch()
    with pytest.raises(ModelError, match=r"resnet18\.safetensors, .*model\.safetensors in it"):
        find_weights(str(tmp_path), "resnet18")


def test_a_path_to_nothing_says_what_weights_may_be() -> None:
    with pytest.raises(ModelError, match="none, imagenet, or a file or folder that exists, got 'imagnet'"):
        find_weights("imagnet", "resnet18")
