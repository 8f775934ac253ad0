"""A long run of the real nodes with everything going wrong now and then: memory, latency, what is lost.

    python benchmarks/soak.py [--minutes 30] [--separate] [--out out/soak]

A simulated walk of a minute at 30 Hz, with six instances per frame, is shown again and again in a simulated
clock, in lock-step (the next frame comes when the objects of the last one have come, so it takes as long as
it takes), to live_node or, with --separate, to the three nodes, as processes of their own with a map file. In
every minute of the clock some messages are lost, depth comes late, frames are swapped and images damaged
(EPISODES), and in every fifth the clock jumps back. Writes soak.json and soak.png, and prints the table of
docs/reliability.md. Ctrl-C ends it early, and it reports what there was.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from soak_camera import IMAGE, LATCHED, SHOWN, TRUTH, Camera

from reobj.environment import node_environment
from reobj.live_run import NodeProcesses
from reobj.scans.bag_faults import Disturbance, Faults, Step, frames_of, with_stamp
from reobj.scans.bag_raw import RawMessage, header_of
from reobj.scans.bag_writer import scan_to_bag
from reobj.scans.scannet import ScanNetScan
from reobj.scans.simulator import simulate

DOMAIN = 100
HZ = 30
WALK = 60 * HZ  # frames
SIZE = (160, 120)
SAMPLE = 10 * HZ  # frames
FIRST_NS = 1_000_000_000_000
JUMP_NS = 10_000_000_000
JUMP_EVERY = 5 * WALK  # frames

EPISODES = {
    (300, 360): Faults(drop=0.3),
    (600, 645): Faults(late_topic="/depth"),
    (900, 1050): Faults(swap_every=10),
    (1200, 1500): Faults(damage_every=100),
}
"""First and last frame of the minute, and what goes wrong in between."""

STAGES = ("detector_node", "encoder_node", "association_node")
SETTINGS = {
    "device": "cpu",
    "detector.name": "label_image",
    "detector.min_area": 0.005,
    "reliability": "reliable",
    "use_sim_time": True,
    "sync_wait": 0.03,  # in lock-step no later message says that one is lost, so each costs all of this
}


@dataclass
class Sample:
    """The state after so many frames; memory in megabytes, file in bytes."""

    frame: int
    wall_s: float
    rss_mb: dict[str, float]
    threads: dict[str, int]
    open_files: dict[str, int]
    objects: int
    file_bytes: int
    trip_ms: dict[str, float]
    reported: dict[str, dict[str, str]]


@dataclass
class Soak:
    """What is known of the run so far."""

    frames: int = 0
    answered: int = 0
    unanswered: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    trips_ms: list[float] = field(default_factory=list)


def main() -> None:
    """Renders the walk, runs the soak, and reports."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30.0, help="of the simulated clock")
    parser.add_argument("--separate", action="store_true", help="three nodes instead of live_node")
    parser.add_argument("--out", type=Path, default=Path("out/soak"), help="folder for the figures")
    options = parser.parse_args()
    os.environ |= node_environment() | {
        "ROS_DOMAIN_ID": str(DOMAIN),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
    }
    names = STAGES if options.separate else ("live_node",)
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        frames = walk(options.out / "walk", Path(folder))
        map_file = Path(folder) / "soak.map"
        with NodeProcesses(options.out / "log", DOMAIN) as nodes:
            pids = {name: nodes.start(name, settings_of(name, map_file)).pid for name in names}
            soak = run(frames, round(options.minutes * 60 * HZ), pids, map_file, options.out)
            codes = {name: nodes.stop(name) for name in names}
    report(soak, options.out, codes)


def settings_of(node: str, map_file: Path) -> dict[str, Any]:
    """The parameters of a node."""
    keeps_map = node in ("live_node", "association_node")
    return SETTINGS | ({"map_file": str(map_file)} if keeps_map else {})


def walk(bag: Path, folder: Path) -> list[tuple[RawMessage, ...]]:
    """The frames of a minute's walk; rendered once and kept, as that takes minutes."""
    if not bag.exists():
        scan = simulate(folder / "scene0011_00", seed=11, frames=WALK, size=SIZE, fps=float(HZ), workers=1)
        scan_to_bag(ScanNetScan(scan), bag)
    return frames_of(bag)


def disturbed(frames: list[tuple[RawMessage, ...]], count: int, disturbance: Disturbance) -> Iterator[Step]:
    """The walk again and again, on a clock that jumps back now and then, with the episodes' faults."""

    def shown() -> Iterator[list[RawMessage]]:
        for index in range(count):
            within = index % WALK
            faults = [f for (first, last), f in EPISODES.items() if first <= within < last]
            disturbance.faults = faults[0] if faults else Faults()
            stamp_ns = FIRST_NS + index * 1_000_000_000 // HZ - index // JUMP_EVERY * JUMP_NS
            yield [with_stamp(m, stamp_ns) for m in frames[within] if m.topic in SHOWN]

    return disturbance(shown())


def answered_by(step: Step) -> list[int]:
    """Stamps of the images in a step that the nodes can answer: whole, and with their true masks."""
    images, masks = ({header_of(m)[0] for m in step.messages if m.topic == topic} for topic in (IMAGE, TRUTH))
    return sorted((images & masks) - step.damaged)


def run(
    frames: list[tuple[RawMessage, ...]], count: int, pids: dict[str, int], map_file: Path, out: Path
) -> Soak:
    """Shows ``count`` frames and takes a sample every ten seconds of the clock."""
    camera = Camera([m for m in frames[0] if m.topic in (*SHOWN, LATCHED)])
    for message in frames[0]:
        if message.topic == LATCHED:
            camera.publish(message)
    camera.wait_for_nodes(images=min(len(pids), 2))  # detector and encoder
    soak, disturbance, started = Soak(), Disturbance(Faults()), time.monotonic()
    take = partial(sample, soak, camera, pids, map_file, started)
    with suppress(KeyboardInterrupt):
        for step in disturbed(frames, count, disturbance):
            show(soak, camera, step)
            soak.counts = dict(disturbance.counts)
            if soak.frames % SAMPLE == 0:
                take()
                (out / "soak.json").write_text(json.dumps(figures(soak), indent=1))
    camera.spin(2.0)  # the last diagnostics
    take()
    return soak


def show(soak: Soak, camera: Camera, step: Step) -> None:
    """Shows one frame and takes note of how long its objects took."""
    soak.frames += 1
    stamps = answered_by(step)
    begun = time.perf_counter()
    if not camera.show(step, stamps):
        soak.unanswered += len(stamps)
    elif stamps:
        soak.answered += len(stamps)
        soak.trips_ms.append((time.perf_counter() - begun) * 1e3)


def sample(soak: Soak, camera: Camera, pids: dict[str, int], map_file: Path, started: float) -> None:
    """Adds what can be seen from outside, and what the nodes said last."""
    files = [map_file, map_file.with_name(f"{map_file.name}-wal")]
    recent = np.array(soak.trips_ms[-SAMPLE:] or [0.0])
    taken = Sample(
        frame=soak.frames,
        wall_s=time.monotonic() - started,
        rss_mb={name: rss_mb(pid) for name, pid in pids.items()},
        threads={name: len(os.listdir(f"/proc/{pid}/task")) for name, pid in pids.items()},
        open_files={name: len(os.listdir(f"/proc/{pid}/fd")) for name, pid in pids.items()},
        objects=camera.objects,
        file_bytes=sum(file.stat().st_size for file in files if file.exists()),
        trip_ms=percentiles(recent),
        reported=dict(camera.reported),
    )
    soak.samples.append(taken)


def rss_mb(pid: int) -> float:
    """Resident memory of a process, shared memory too."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def percentiles(values: Any) -> dict[str, float]:
    """p50, p95 and p99."""
    return {f"p{p}": round(float(np.percentile(values, p)), 2) for p in (50, 95, 99)}


def figures(soak: Soak) -> dict[str, Any]:
    """All of it but the single round trips."""
    return {key: value for key, value in asdict(soak).items() if key != "trips_ms"}


def report(soak: Soak, out: Path, codes: dict[str, int]) -> None:
    """Writes soak.json and soak.png, prints the table."""
    trip = percentiles(soak.trips_ms)
    found = figures(soak) | {"trip_ms": trip, "exit_codes": codes}
    (out / "soak.json").write_text(json.dumps(found, indent=1))
    plot(soak, out / "soak.png")
    last = soak.samples[-1]
    print(
        f"{soak.frames} frames = {soak.frames / HZ / 60:.1f} min of the clock in {last.wall_s / 60:.1f} min"
    )
    print(f"faults: {soak.counts}, clock back {(soak.frames - 1) // JUMP_EVERY} times; exit codes {codes}")
    print(f"answered {soak.answered}, unanswered {soak.unanswered}; objects {last.objects}")
    print(f"round trip, ms: {trip}; reported: {last.reported}")
    print("| minute | memory, MB | threads | open files | objects | map file, MB | round trip p50, p99, ms |")
    print("|---|---|---|---|---|---|---|")
    for s in (s for s in soak.samples if s.frame % (5 * WALK) == 0 or s.frame == WALK or s is last):
        parts = (sum(s.rss_mb.values()), sum(s.threads.values()), sum(s.open_files.values()), s.objects)
        row = " | ".join(f"{part:.0f}" for part in (s.frame / WALK, *parts))
        print(f"| {row} | {s.file_bytes / 1e6:.1f} | {s.trip_ms['p50']}, {s.trip_ms['p99']} |")


def plot(soak: Soak, path: Path) -> None:
    """Memory, round trip and map over the minutes of the clock."""
    from matplotlib.figure import Figure

    minutes = [s.frame / WALK for s in soak.samples]
    figure = Figure(figsize=(8, 7), layout="constrained")
    memory, trip, size = figure.subplots(3, 1, sharex=True)
    for name in soak.samples[0].rss_mb:
        memory.plot(minutes, [s.rss_mb[name] for s in soak.samples], label=name)
    memory.set(ylabel="memory, MB", ylim=(0, None))
    for part in ("p50", "p99"):
        trip.plot(minutes, [s.trip_ms[part] for s in soak.samples], label=part)
    trip.set(ylabel="round trip, ms", ylim=(0, None))
    size.plot(minutes, [s.objects for s in soak.samples], label="objects")
    size.plot(minutes, [s.file_bytes / 1e6 for s in soak.samples], label="map file, MB")
    size.set(xlabel="minutes of the clock", ylim=(0, None))
    for axes in (memory, trip, size):
        axes.legend(loc="lower right")
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=100)


if __name__ == "__main__":
    main()
