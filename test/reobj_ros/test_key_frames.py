from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from reobj.detection.propagation import PropagationConfig
from reobj.types import Frame
from reobj_ros.node.diagnostics import BESIDE
from reobj_ros.stages.key_frames import KeyFrames
from reobj_ros.stages.networks import HeldDetector

CONFIG = PropagationConfig(flow="dis", background=True)


def key_frames(detector: HeldDetector, times: list[str]) -> KeyFrames:
    """Of a node that notes which times it is told."""

    def latency(of: Mapping[str, float]) -> None:
        times.extend(of)

    node: Any = SimpleNamespace(diagnostics=SimpleNamespace(latency=latency))
    common: Any = SimpleNamespace(detector=detector, networks=(detector,), input=lambda name: None)
    return KeyFrames(node, common, CONFIG, "cpu")


def frame(camera: str, stamp_ns: int = 1) -> Frame:
    return Frame.without_colour(48, 64, stamp_ns, camera)


def wait_for(true: Callable[[], bool]) -> None:
    for _ in range(3000):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come true")


def test_the_network_sees_the_key_frames_of_several_cameras_at_once(gated: Any) -> None:
    times: list[str] = []
    keys = key_frames(HeldDetector(lambda: gated), times)
    cameras = {name: keys.camera(name) for name in ("front", "left", "back")}
    cameras["front"].detect(frame("front"))
    assert gated.inside.acquire(timeout=30)
    for name in ("left", "back"):
        assert len(cameras[name].detect(frame(name))) == 0  # nobody waits
    gated.go_on.release(2)
    wait_for(lambda: len(times) == 2)
    assert gated.batches == [["front"], ["left", "back"]]
    assert times == [BESIDE, BESIDE]
    keys.close()


def test_a_node_that_is_put_down_leaves_no_key_frame_behind(gated: Any) -> None:
    made: list[Any] = []
    held = HeldDetector(lambda: made.append(gated) or gated)  # type: ignore[func-returns-value]
    times: list[str] = []
    keys = key_frames(held, times)
    front, left = keys.camera("front"), keys.camera("left")
    front.detect(frame("front"))
    assert gated.inside.acquire(timeout=30)
    left.detect(frame("left"))
    keys.reset()
    held.put_down()  # while the network is at work: does not wait for it
    front.detect(frame("front", 2))  # the node is up again
    gated.go_on.release(2)
    wait_for(lambda: len(times) == 2)
    assert gated.batches == [["front"], ["front"]]
    assert len(made) == 2
    keys.close()
