"""Flow of a picture that is moved by a known way."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from reobj.detection.carrying.optical_flow import DISFlow
from reobj.detection.carrying.optical_flow_raft import RaftFlow
from reobj.detection.propagation import PropagationConfig, make_flow
from reobj.errors import ModelError


def picture(seed: int = 0) -> NDArray[np.uint8]:
    noise = np.random.default_rng(seed).integers(0, 256, (24, 32, 3), np.uint8)
    return cv2.resize(noise, (192, 144), interpolation=cv2.INTER_CUBIC)


def test_dis_finds_the_way_there_and_back() -> None:
    a, b = picture(), np.roll(picture(), (3, -5), axis=(0, 1))
    there, back = DISFlow().between(a, b)
    inner = (slice(20, -20), slice(20, -20))
    np.testing.assert_allclose(np.median(there[inner], axis=(0, 1)), (-5, 3), atol=0.2)
    np.testing.assert_allclose(np.median(back[inner], axis=(0, 1)), (5, -3), atol=0.2)


def test_tiny_images_stand_still() -> None:
    there, back = DISFlow().between(picture()[:8], picture(1)[:8])
    assert there.shape == back.shape == (8, 192, 2)
    assert not there.any() and not back.any()


@pytest.mark.parametrize("shape", [(144, 192), (130, 101)])
def test_raft_gives_flows_of_the_images_size(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    a, b = (picture(seed)[: shape[0], : shape[1]] for seed in (0, 1))
    there, back = RaftFlow("random", "cpu").between(a, b)
    assert there.shape == back.shape == (*shape, 2)
    assert there.dtype == np.float32
    assert np.isfinite(there).all() and not np.array_equal(there, back)


def test_raft_without_a_network_says_where_its_weights_go(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", refuse)
    with pytest.raises(ModelError, match=r"no route to host.*put that file into"):
        RaftFlow(device="cpu")


def test_weights_of_raft_that_are_not_there_name_their_key() -> None:
    with pytest.raises(ModelError, match=r"^propagation\.weights: .*lost\.pth"):
        make_flow(PropagationConfig(flow="raft", weights="lost.pth"), "cpu")
