"""trainer_node as a process of its own: on bags, and on bags that are being played to it."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from processes import LABEL_IMAGE, LOCK_STEP, Probe
from sensor_msgs.msg import CompressedImage
from std_srvs.srv import Trigger

from reobj.encoding.model_file import load_model
from reobj.live_run import NodeProcesses
from reobj.scans.bag_writer import scan_to_bag
from reobj.types import Frame, LabelImage
from reobj.views.build import ViewBuildConfig, build_views
from reobj.views.settings import ViewSettings
from reobj.views.store import ViewStore
from reobj_msgs.msg import InstanceMasks, TrackedObjects, TrainingProgress
from reobj_ros.messages.stamps import SECOND_NS
from reobj_ros.node.publishers import LATCHED

pytestmark = [pytest.mark.ros, pytest.mark.timeout(600)]

TINY = {
    "model": {
        "network": "small",
        "crop_size": 32,
        "context": {"ratio": 2.0, "square": True},
        "options": {"widths": [4, 8], "blocks": [1], "layout_channels": 2, "layout_grid": 2, "dim": 12},
    },
    "sampler": {"identities": 4, "views": 2, "scenes": 1},
    "validation": {"min_gap": 0},
    "workers": 0,
}


class DrawnScan:
    """Two cups on noise, that move from frame to frame."""

    def __len__(self) -> int:
        return 8

    def frame(self, index: int) -> Frame:
        colour = np.random.default_rng(index).integers(0, 255, (60, 80, 3), np.uint8)
        return Frame(colour, index * SECOND_NS, "camera")

    def truth(self, index: int) -> LabelImage:
        ids = np.zeros((60, 80), np.uint16)
        ids[5:35, 5 + index : 30 + index] = 1
        ids[20:55, 45:75] = 2
        return LabelImage(ids, self.label_names())

    def label_image_raw(self, index: int) -> None:
        return None

    def label_names(self) -> dict[int, str]:
        return {1: "cup", 2: "cup"}

    def colour_jpeg(self, index: int) -> None:
        return None


@pytest.fixture
def other_bag(tmp_path: Path) -> Path:
    scan_to_bag(DrawnScan(), tmp_path / "other_bag")
    return tmp_path / "other_bag"


class Trainer:
    """The node, and what it says of itself."""

    def __init__(self, nodes: NodeProcesses, probe: Probe, folder: Path) -> None:
        self.nodes, self.probe, self.out = nodes, probe, folder / "out"
        self._config = folder / "tiny.yaml"
        self.heard: list[TrainingProgress] = probe.hear(TrainingProgress, "/training_progress", LATCHED)

    def start(self, steps: int, **parameters: Any) -> None:
        self._config.write_text(yaml.safe_dump(TINY | {"budget": {"steps": steps, "validate_every": 1000}}))
        told = {"config": str(self._config), "output": str(self.out), "device": "cpu"}
        self.process = self.nodes.start("trainer_node", told | parameters)

    def reaches(self, state: int, step: int = 0) -> bool:
        """Whether a report of this state at this step or later comes after what was heard so far."""
        begun = len(self.heard)
        return self.probe.until(lambda: any(m.state == state and m.step >= step for m in self.heard[begun:]))

    def call(self, service: str) -> Trigger.Response:
        client = self.probe.node.create_client(Trigger, f"/trainer_node/{service}")
        assert self.probe.until(client.service_is_ready)
        answer = client.call_async(Trigger.Request())
        assert self.probe.until(answer.done)
        return answer.result()

    @property
    def log(self) -> str:
        return self.nodes.log("trainer_node").read_text()


@pytest.fixture
def trainer(nodes: NodeProcesses, probe: Probe, tmp_path: Path) -> Trainer:
    return Trainer(nodes, probe, tmp_path)


def rows(folder: Path, scene: str) -> set[tuple[Any, ...]]:
    """What tells the views of a scene apart."""
    table = ViewStore(folder).table
    of_scene = np.flatnonzero(table.scenes == table.scene_names.index(scene))
    return {(table.stamps_ns[i], table.instances[i], *table.boxes[i].tolist()) for i in of_scene}


def play(trainer: Trainer, bag: Path) -> None:
    """Plays a bag in lock-step with the detector, once it and the trainer listen to all that they need."""
    replay = trainer.nodes.start("replay_node", {"bag": str(bag), "subscribers": 3, **LOCK_STEP})
    topics = ("/image/compressed", "/ground_truth/instances/compressed", "/ground_truth/label_names")
    node = trainer.probe.node
    assert trainer.probe.until(lambda: all(node.count_subscribers(topic) == 2 for topic in topics))
    third = node.create_subscription(CompressedImage, topics[0], lambda image: None, 1)
    assert trainer.probe.until(lambda: replay.poll() is not None, timeout_s=180)
    assert replay.returncode == 0
    node.destroy_subscription(third)


def test_bags_played_to_it_become_views_and_a_training_that_stops_and_goes_on(
    trainer: Trainer, short_bag: Path, other_bag: Path, tmp_path: Path
) -> None:
    answers = trainer.probe.node.create_publisher(TrackedObjects, "/objects", 10)
    trainer.probe.node.create_subscription(
        InstanceMasks, "/instances", lambda m: answers.publish(TrackedObjects(header=m.header)), 50
    )
    lossless = {"reliability": "reliable", "sync_wait": 10.0}
    trainer.start(10**6, source="topics", masks="detector", silence=0.0, **lossless)
    trainer.nodes.start("detector_node", LABEL_IMAGE)
    for bag in (short_bag, other_bag):
        play(trainer, bag)
    assert trainer.probe.until(
        lambda: trainer.heard[-1].message == f"{trainer.heard[-1].views} views of 28 frames"
    )
    assert trainer.heard[-1].state == TrainingProgress.GATHERING

    assert trainer.call("start").success
    assert trainer.reaches(TrainingProgress.TRAINING, step=3)
    offline = ViewBuildConfig(ViewSettings(detector={"name": "label_image"}), "cpu")
    build_views([short_bag, other_bag], tmp_path / "offline", offline, workers=1)
    for scene, bag in (("recording_000", "bag"), ("recording_001", "other_bag")):
        assert rows(trainer.out / "views", scene) == rows(tmp_path / "offline", bag)

    refused = trainer.call("start")
    assert (refused.success, refused.message) == (False, "nothing to start: the state is TRAINING")
    assert trainer.call("stop").success
    assert trainer.reaches(TrainingProgress.STOPPED)
    stopped_at = trainer.heard[-1].step
    assert trainer.heard[-1].checkpoint == str(trainer.out / "checkpoint")
    assert not trainer.call("stop").success

    assert trainer.call("start").success
    assert trainer.reaches(TrainingProgress.TRAINING, step=stopped_at + 1)
    begun = [m.step for m in trainer.heard if m.state == TrainingProgress.TRAINING]
    assert sorted(begun) == begun  # it went on, and did not begin anew
    trainer.process.send_signal(signal.SIGINT)
    assert trainer.process.wait(120) == 0
    assert trainer.log.count("stopped") >= 2
    assert "Traceback" not in trainer.log


def test_bags_become_a_model_and_the_node_ends_with_it(
    trainer: Trainer, short_bag: Path, other_bag: Path
) -> None:
    trainer.start(2, source="bags", bags=[str(short_bag), str(other_bag)], exit_at_end=True)
    assert trainer.reaches(TrainingProgress.DONE)
    assert trainer.process.wait(120) == 0
    states = [message.state for message in trainer.heard]
    assert sorted(states) == states  # GATHERING, TRAINING, ..., DONE
    assert trainer.heard[-1].checkpoint == str(trainer.out)
    assert load_model(trainer.out)[0].training["steps"] == 2


def test_a_damaged_bag_is_a_failure_with_its_reason_and_the_node_lives_on(
    trainer: Trainer, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged.mcap"
    damaged.write_bytes(b"\\x89MCAP0 and nothing more")
    trainer.start(2, source="bags", bags=[str(damaged)])
    assert trainer.reaches(TrainingProgress.FAILED)
    assert "damaged" in trainer.heard[-1].message
    assert trainer.process.poll() is None
    damaged.unlink()
    assert trainer.call("start").success  # it tries again, and says what is wrong now
    assert trainer.probe.until(lambda: "nothing there" in trainer.heard[-1].message)
    assert "Traceback" not in trainer.log


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"source": "bags", "bags": ["no_bag"]}, "parameter bags: expected bags or scans, got no_bag"),
        ({"source": "films"}, "parameter source: expected one of bags, views, topics, got 'films'"),
        ({"source": "topics", "view.context.ratio": 1.0}, "parameter view.context: expected at least"),
    ],
)
def test_a_wrong_parameter_ends_the_node_with_one_line(
    trainer: Trainer, parameters: dict[str, Any], says: str
) -> None:
    trainer.start(2, **parameters)
    assert trainer.process.wait(120) == 1
    assert says in trainer.log
    assert "Traceback" not in trainer.log
