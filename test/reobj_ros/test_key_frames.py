from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from reobj.detection.propagation import PropagationConfig
from reobj.types import Frame, Instances
from reobj_ros.node.diagnostics import BESIDE
from reobj_ros.stages.key_frames import KeyFrames
from reobj_ros.stages.networks import HeldDetector


class Gated:
    """Takes batches, when it is let."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.inside, self.go_on = threading.Semaphore(0), threading.Semaphore(0)

    def detect(self, frame: Frame) -> Instances:
        return self.detect_batch([frame])[0]

    def detect_batch(self, frames: Sequence[Frame]) -> list[Instances]:
        self.batches.append([one.frame_id for one in frames])
        self.inside.release()
        assert self.go_on.acquire(timeout=30)
        return [Instances.empty(one.height, one.width) for one in frames]


def node_that_notes(times: list[str]) -> Any:
    def latency(of: Mapping[str, float]) -> None:
        times.extend(of)

    return SimpleNamespace(diagnostics=SimpleNamespace(latency=latency))


def test_the_network_sees_the_key_frames_of_several_cameras_at_once() -> None:
    times: list[str] = []
    network = Gated()
    keys = KeyFrames(node_that_notes(times), PropagationConfig(flow="dis", background=True), "cpu")
    held = HeldDetector(lambda: network)
    cameras = {name: keys.camera(held) for name in ("front", "left", "back")}
    cameras["front"].detect(Frame.without_colour(48, 64, 1, "front"))
    assert network.inside.acquire(timeout=30)
    for name in ("left", "back"):
        assert len(cameras[name].detect(Frame.without_colour(48, 64, 1, name))) == 0  # nobody waits
    network.go_on.release(2)
    for _ in range(3000):
        if len(times) == 2:
            break
        time.sleep(0.01)
    assert network.batches == [["front"], ["left", "back"]]
    assert times == [BESIDE, BESIDE]
    keys.close()


def test_a_node_that_is_put_down_leaves_no_key_frame_behind() -> None:
    network = Gated()
    keys = KeyFrames(node_that_notes([]), PropagationConfig(flow="dis", background=True), "cpu")
    made: list[Gated] = []
    held = HeldDetector(lambda: made.append(network) or network)  # type: ignore[func-returns-value]
    front, left = keys.camera(held), keys.camera(held)
    front.detect(Frame.without_colour(48, 64, 1, "front"))
    assert network.inside.acquire(timeout=30)
    left.detect(Frame.without_colour(48, 64, 1, "left"))
    keys.reset()
    held.put_down()  # while the network is at work: does not wait for it
    network.go_on.release(2)
    keys.close()
    front.detect(Frame.without_colour(48, 64, 2, "front"))
    assert network.batches == [["front"]]
    assert len(made) == 1
