from __future__ import annotations

import numpy as np

from reobj.detection.carrying.flow_chain import FlowChain, consistent

H, W = 30, 40


def moved_by(x: float, y: float) -> np.ndarray:
    return np.broadcast_to(np.array([x, y], np.float32), (H, W, 2)).copy()


def square(x: int, y: int) -> np.ndarray:
    image = np.zeros((H, W), np.uint16)
    image[y : y + 6, x : x + 6] = 3
    return image


def test_links_add_up_also_of_parts_of_pixels() -> None:
    chain = FlowChain(H, W)
    for _ in range(10):
        chain.add(moved_by(0.7, -0.3), moved_by(-0.7, 0.3))
    np.testing.assert_allclose(chain.source[15, 20], (20 - 7, 15 + 3), atol=1e-4)
    np.testing.assert_array_equal(chain.labels(square(10, 14)), square(17, 11))


def test_what_was_out_of_view_has_no_label_and_no_trust_when_it_comes_back() -> None:
    chain = FlowChain(H, W)
    chain.add(moved_by(5, 0), moved_by(-5, 0))
    chain.add(moved_by(-5, 0), moved_by(5, 0))
    full = np.full((H, W), 7, np.uint16)
    assert (chain.labels(full)[:, -5:] == 0).all() and (chain.labels(full)[:, :-5] == 7).all()
    assert not chain.trusted[:, -5:].any() and chain.trusted[:, :-5].all()


def test_flow_that_does_not_come_home_is_not_trusted_from_there_on() -> None:
    there, back = moved_by(2, 0), moved_by(-2, 0)
    there[:, 20:25] = 6  # four pixels off where it should be two; seen from 22 to 26
    chain, unchecked = FlowChain(H, W), FlowChain(H, W, check=False)
    for one in (chain, unchecked):
        one.add(there, back)
    assert not chain.trusted[:, 22:27].any()
    assert chain.trusted[:, 2:22].all() and chain.trusted[:, 27:].all()
    assert unchecked.trusted[:, 2:].all()
    chain.add(moved_by(1, 0), moved_by(-1, 0))
    assert not chain.trusted[:, 23:28].any() and chain.trusted[:, 28:].all()


def test_the_limit_of_consistency_grows_with_the_motion() -> None:
    back = np.zeros((1, 2, 2), np.float32)
    there = np.zeros((1, 2, 2), np.float32)
    back[0, :, 0] = -0.0, -20.0
    there[0, :, 0] = 1.5, 21.5
    # 2.25 > 0.01 * 2.25 + 0.5, and 2.25 < 0.01 * (400 + 462) + 0.5
    np.testing.assert_array_equal(consistent(back, there), [[False, True]])


def test_what_is_known_otherwise_replaces_what_the_flow_says() -> None:
    chain = FlowChain(H, W)
    chain.add(moved_by(5, 0), moved_by(-5, 0))
    known = np.zeros((H, W), bool)
    known[:, :3] = True
    unseen = np.zeros((H, W), bool)
    unseen[:, -3:] = True
    chain.correct(moved_by(11, 12), known, unseen)
    np.testing.assert_array_equal(chain.source[4, 2], (11, 12))
    np.testing.assert_array_equal(chain.source[4, 20], (15, 4))
    assert chain.trusted[:, :3].all() and not chain.trusted[:, 3:5].any()
    np.testing.assert_array_equal(chain.source[4, -1], (11, 12))
    assert chain.trusted[:, 5:-3].all() and not chain.trusted[:, -3:].any()
