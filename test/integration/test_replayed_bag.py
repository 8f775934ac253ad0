"""A bag through real nodes on real DDS: what they publish is what the pipeline says offline."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from processes import FRAMES, LABEL_IMAGE, LOCK_STEP, Probe, ends_at, stamps_of
from sensor_msgs.msg import Image
from visualization_msgs.msg import MarkerArray

from reobj.config import PipelineConfig, build_pipeline
from reobj.detection.truth import TruthBuffer
from reobj.evaluation.published import last_map, read_diagnostics, read_results
from reobj.live_run import NodeProcesses
from reobj.offline import Run, run_offline
from reobj.scans.bag_reader import BagScan
from reobj.types import FrameResult
from reobj_msgs.msg import ObjectMap, TrackedObjects
from reobj_ros.node.publishers import LATCHED

pytestmark = [pytest.mark.ros, pytest.mark.timeout(600)]


def ids_by_box(result: FrameResult) -> set[tuple[object, ...]]:
    """The identities of a frame without the order of its instances."""
    return {
        (tuple(result.instances.boxes[item.index]), item.object_id, item.track_id, item.decision.kind)
        for item in result.objects
    }


@pytest.fixture(scope="session")
def offline(short_bag: Path) -> list[FrameResult]:
    truth = TruthBuffer()
    run = Run(build_pipeline(PipelineConfig(), "cpu", truth))
    return [moment.results["run"] for moment in run_offline(BagScan(short_bag), {"run": run}, truth)]


def replay(nodes: NodeProcesses, bag: Path, probe: Probe, results: Path, stages: list[str]) -> None:
    """Records what is published for a bag, until each stage has said twice that it is done with all of it."""
    done: Counter[str] = Counter()

    def take(array: DiagnosticArray) -> None:
        for status in array.status:
            values = {pair.key: pair.value for pair in status.values}
            done[status.name] += values["processed"] == str(FRAMES)

    probe.node.create_subscription(DiagnosticArray, "/diagnostics", take, 50)
    nodes.start("record_node", {"output": str(results)})
    for stage in stages:
        nodes.start(stage, LABEL_IMAGE)
    # The recorder, too, finds the others while the replay settles; what it misses is lost.
    nodes.start("replay_node", {"bag": str(bag), "subscribers": min(len(stages), 2), **LOCK_STEP})
    nodes.wait("replay_node", timeout_s=240)
    assert probe.until(lambda: sum(count >= 2 for count in done.values()) == len(stages))
    assert nodes.stop("record_node") == 0


@pytest.mark.parametrize(
    "stages",
    [["live_node"], ["detector_node", "encoder_node", "association_node"]],
    ids=["composed", "separate"],
)
def test_every_frame_gets_the_ids_that_the_pipeline_gives_offline(
    nodes: NodeProcesses,
    short_bag: Path,
    probe: Probe,
    tmp_path: Path,
    offline: list[FrameResult],
    stages: list[str],
) -> None:
    replay(nodes, short_bag, probe, tmp_path / "results", stages)
    live = list(read_results(tmp_path / "results"))
    assert [result.stamp_ns for result in live] == [result.stamp_ns for result in offline]
    assert [ids_by_box(result) for result in live] == [ids_by_box(result) for result in offline]
    assert any(item.object_id > 0 for item in live[-1].objects)
    assert [[e.kind for e in r.events] for r in live] == [[e.kind for e in r.events] for r in offline]
    ids = {item.object_id for result in live for item in result.objects if item.object_id}
    assert {item.object_id for item in last_map(tmp_path / "results")} <= ids
    latency, dropped = read_diagnostics(tmp_path / "results")
    assert set(latency) == {"detect", "encode", "associate"}
    assert dropped == 0


def test_overlay_markers_and_latched_map_reach_who_looks(
    nodes: NodeProcesses, short_bag: Path, probe: Probe
) -> None:
    nodes.start("live_node", LABEL_IMAGE)
    overlays, markers = probe.hear(Image, "/overlay"), probe.hear(MarkerArray, "/markers")
    # the first overlay is drawn only if somebody is known to look; the replay does not wait for that
    assert probe.until(lambda: probe.node.count_publishers("/overlay") == 1)
    nodes.start("replay_node", {"bag": str(short_bag), **LOCK_STEP})
    last_ns = stamps_of(short_bag)[-1]
    assert probe.until(lambda: ends_at(overlays, last_ns))
    assert {(image.width, image.height, image.encoding) for image in overlays} == {(160, 120, "rgb8")}
    names = {m.text for array in markers for m in array.markers if m.ns == "labels"}
    assert names
    assert all("#" in name for name in names)
    maps = probe.hear(ObjectMap, "/object_map", LATCHED)  # after the last frame
    assert probe.until(lambda: bool(maps))
    assert probe.until(
        lambda: {f"{item.label} #{item.object_id}" for item in maps[-1].objects if item.has_position} >= names
    )
    assert maps[-1].model == "small"


def test_a_looped_bag_keeps_its_ids(
    nodes: NodeProcesses, short_bag: Path, tmp_path: Path, probe: Probe
) -> None:
    heard = probe.hear(TrackedObjects, "/objects")
    nodes.start("live_node", LABEL_IMAGE)
    nodes.start("replay_node", {"bag": str(short_bag), "loop": True, **LOCK_STEP})
    assert probe.until(lambda: len(heard) >= 2 * FRAMES, timeout_s=240)
    first, second = (
        {o.object_id for m in part for o in m.objects} - {0}
        for part in (heard[:FRAMES], heard[FRAMES : 2 * FRAMES])
    )
    assert first
    assert len(second - first) <= 1  # nearly all are recognised after the jump back
