"""The whole thing once: a simulated scan, a bag, the real nodes, and what they made of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reobj.config import build_runs
from reobj.detection.truth import TruthBuffer
from reobj.evaluation.identity import IdentityEvaluator, IdentityScores
from reobj.evaluation.published import last_map, read_diagnostics, read_results
from reobj.evaluation.summary import Summary, write_summary
from reobj.files import remove
from reobj.live_run import NodeProcesses
from reobj.offline import frame_rate, run_offline
from reobj.progress import Progress
from reobj.scans.bag_reader import BagScan
from reobj.scans.bag_writer import scan_to_bag
from reobj.scans.scannet import ScanNetScan
from reobj.scans.simulator.simulate import simulate
from reobj.types import FrameResult
from reobj.visual.report import ReportData, Run, installed_versions, write_report
from reobj.visual.story import Story
from reobj.visual.top_view import TopViewObject
from reobj.visual.video import VideoWriter

ShowProgress = Callable[[str], AbstractContextManager[Progress]]

#: Name of an offline run -> what the report says of it.
OFFLINE_NOTES = {
    "colour": "the pipeline without ROS, colour alone",
    "colour_depth_pose": "the pipeline without ROS",
    "deepsort": "tracks alone, as the DeepSORT paper configures them",
}
VERSIONS = (
    "torch",
    "torchvision",
    "numpy",
    "scipy",
    "opencv-python-headless",
    "rosbags",
    "ros-rclpy",
    "trackeval",
)
NODES = ("live_node",)
SEPARATE_NODES = ("detector_node", "encoder_node", "association_node")


@dataclass(frozen=True, slots=True)
class DemoConfig:
    """What the demo does.

    Attributes:
        out: folder of the results.
        seed: of the simulated room; 1000 and above are never trained or tuned on.
        frames: length of the walk.
        size: width and height of the images, pixels.
        separate: one process per stage in place of one for all.
        device: of the live nodes and the offline runs.
    """

    out: Path
    seed: int = 1000
    frames: int = 500
    size: tuple[int, int] = (480, 360)
    separate: bool = False
    device: str = "auto"


def run_demo(config: DemoConfig, show: ShowProgress) -> Summary:
    """Makes everything anew in ``config.out`` and gives the numbers.

    Raises:
        ReobjError: a part failed; the message says which and why.
    """
    out = config.out
    scan_folder, bag, results = out / f"scene{config.seed:04d}_00", out / "bag", out / "results"
    for old in ("bag", "results", "log", "summary.json", "report.html", "overlay.mp4", scan_folder.name):
        remove(out / old)
    with show("rendering the scan") as progress:
        simulate(scan_folder, config.seed, config.frames, config.size, progress=progress)
    with show("writing the bag") as progress:
        scan_to_bag(ScanNetScan(scan_folder), bag, progress=progress)
    with show("replaying it through the nodes") as progress:
        replay_live(config, bag, results, progress)
    with show("running offline and drawing") as progress:
        story, offline = compare(config, bag, results, out / "overlay.mp4", progress)
    latency_ms, dropped = read_diagnostics(results)
    scores = story.scores()
    summary = Summary(
        scan_folder.name, story.frames, scores.objects_true, scores, offline, latency_ms, dropped
    )
    write_report(out / "report.html", report_data(config, story, summary, results, scan_folder))
    write_summary(out / "summary.json", summary)
    return summary


def replay_live(config: DemoConfig, bag: Path, results: Path, progress: Progress) -> None:
    """Replays the bag in lock-step through the nodes and records what they publish."""
    common = {"reliability": "reliable", "device": config.device, "detector.name": "label_image"}
    with NodeProcesses(config.out / "log") as nodes:
        nodes.start("record_node", {"output": str(results)})
        for name in SEPARATE_NODES if config.separate else NODES:
            nodes.start(name, common)
        listeners = 2 if config.separate else 1  # the detector and the encoder, or all in one
        replay = {"bag": str(bag), "lock_step": True, "subscribers": listeners, "settle": 2.0}
        nodes.start("replay_node", replay)
        nodes.wait("replay_node", timeout_s=60.0 + 2.0 * config.frames)
        nodes.stop("record_node")
    progress(config.frames, config.frames)


def compare(
    config: DemoConfig, bag: Path, results: Path, video_path: Path, progress: Progress
) -> tuple[Story, dict[str, IdentityScores]]:
    """The live results drawn and scored, beside the offline runs over the same bag."""
    truth = TruthBuffer()
    runs = build_runs(truth, config.device)
    evaluators = {name: IdentityEvaluator() for name in runs}
    source = BagScan(bag)
    published = in_step(read_results(results))
    with VideoWriter(video_path, frame_rate(source)) as video:
        story = Story(video, strip_every=max(len(source) // 8, 1))
        for moment in run_offline(source, runs, truth, progress):
            live = published(moment.frame.stamp_ns)
            if live is not None:
                story.add(moment.frame, live, moment.truth)
            if moment.truth is not None:
                for name, result in moment.results.items():
                    evaluators[name].add(result.stamp_ns, moment.truth, result.instances, result.objects)
    return story, {name: evaluator.scores() for name, evaluator in evaluators.items()}


def in_step(results: Iterator[FrameResult]) -> Callable[[int], FrameResult | None]:
    """Gives the result of a stamp; stamps are asked for in ascending order, some have no result."""
    waiting = next(results, None)

    def take(stamp_ns: int) -> FrameResult | None:
        nonlocal waiting
        while waiting is not None and waiting.stamp_ns < stamp_ns:
            waiting = next(results, None)
        return waiting if waiting is not None and waiting.stamp_ns == stamp_ns else None

    return take


def report_data(
    config: DemoConfig, story: Story, summary: Summary, results: Path, scan_folder: Path
) -> ReportData:
    """All that report.html shows."""
    runs = [Run("live", "what the nodes published, with depth and pose", summary.live)]
    runs += [Run(name, OFFLINE_NOTES[name], scores) for name, scores in summary.offline.items()]
    return ReportData(
        title="reobj: which one is it?",
        scan=summary.scan,
        frames=summary.frames,
        duration_s=story.duration_s,
        objects_true=summary.objects_true,
        runs=runs,
        frames_dropped=summary.frames_dropped,
        latency_ms=summary.latency_ms,
        reidentifications=story.pictures(),
        strip=story.strip,
        top_view=story.top_view(last_map(results), true_objects(scan_folder)),
        timeline=story.timeline(),
        command=f"reobj demo --seed {config.seed} --frames {config.frames}",
        versions={"Python": sys.version.split()[0], **installed_versions(VERSIONS)},
    )


def true_objects(scan_folder: Path) -> list[TopViewObject]:
    """Where the simulator put the objects."""
    scene = json.loads((scan_folder / "scene.json").read_text())
    return [
        TopViewObject(item["id"], item["label"], np.array(item["centre"]), np.array(item["extent"]))
        for item in scene["objects"]
    ]
