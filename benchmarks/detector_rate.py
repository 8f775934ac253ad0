"""Identity with a detector that is slower than the camera: python benchmarks/detector_rate.py

A simulated walk at 30 Hz, with masks as imperfect as a detector's. The detector takes 1/rate seconds for an
image, and then takes the newest one. *Carried*: its masks are carried along in between, late answers on to
the present. *Alone*: it sees those images only, and nothing is known of the others. Each is scored over all
frames. Seeds 900 to 999 are for tuning; the figures in docs/results.md are of others.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from reobj.config import PipelineConfig, build_associator, build_encoder
from reobj.detection.base import Detector
from reobj.detection.imperfections import ImperfectDetector
from reobj.detection.key_detections import Detected, detect_one
from reobj.detection.label_image import LabelImageDetector
from reobj.detection.propagation import PropagatingDetector, PropagationConfig
from reobj.detection.truth import TruthBuffer
from reobj.encoding.base import Encoder
from reobj.evaluation.identity import IdentityEvaluator
from reobj.offline import Mode
from reobj.pipeline import Pipeline
from reobj.scans.scannet import ScanNetScan
from reobj.scans.simulator import simulate
from reobj.types import Frame, Instances

FPS = 30.0


class SlowDetections:
    """Answers 1/rate seconds after it was asked, on the clock of the images."""

    waiting_s = 0.0

    def __init__(self, detector: Detector, rate_hz: float) -> None:
        self._detector, self._takes_ns = detector, round(1e9 / rate_hz)
        self._key: Frame | None = None
        self.now_ns = 0

    def ask(self, frame: Frame) -> None:
        self._key = frame

    def take(self) -> Detected | None:
        if self._key is None or self.now_ns < self._key.stamp_ns + self._takes_ns:
            return None
        key, self._key = self._key, None
        answer = detect_one(self._detector, key)
        return Detected(key, answer.found, answer.error, self._takes_ns / 1e9)

    @property
    def busy(self) -> bool:
        return self._key is not None

    def forget(self) -> None:
        self._key = None

    def close(self) -> None:
        pass


class Carried:
    """Runs all the time, its masks are carried to every frame."""

    def __init__(self, detector: Detector, rate_hz: float) -> None:
        self._slow = SlowDetections(detector, rate_hz)
        config = PropagationConfig(every=1, flow="dis")
        self._propagating = PropagatingDetector(detector, config, detections=self._slow)

    def detect(self, frame: Frame) -> Instances | None:
        self._slow.now_ns = frame.stamp_ns
        return self._propagating.detect(frame)


class Alone:
    """Takes the newest image when it is free; None for those that it does not see."""

    def __init__(self, detector: Detector, rate_hz: float) -> None:
        self._detector, self._takes_ns, self._free_ns = detector, round(1e9 / rate_hz), 0

    def detect(self, frame: Frame) -> Instances | None:
        if frame.stamp_ns < self._free_ns:
            return None
        self._free_ns = frame.stamp_ns + self._takes_ns
        return self._detector.detect(frame)


class Given:
    """Instances from outside, as a detector."""

    def __init__(self) -> None:
        self.instances: Instances | None = None

    def detect(self, frame: Frame) -> Instances:
        assert self.instances is not None
        return self.instances


def score(scan: ScanNetScan, ways: dict[str, Callable[[Detector], Carried | Alone]], mode: Mode) -> None:
    """Prints a line for each way of detecting."""
    config, truth_buffer = PipelineConfig(), TruthBuffer()
    encoder: Encoder = build_encoder(config)
    runs = []
    for name, make in ways.items():
        detector = ImperfectDetector(LabelImageDetector(truth_buffer))
        given = Given()
        pipeline = Pipeline(given, encoder, build_associator(config))
        runs.append((name, make(detector), given, pipeline, IdentityEvaluator()))
    for frame, truth in scan:
        assert truth is not None
        truth_buffer.put(frame.stamp_ns, truth)
        seen = mode.limit(frame)
        for _, way, given, pipeline, evaluator in runs:
            given.instances = way.detect(seen)
            if given.instances is None:
                evaluator.add(frame.stamp_ns, truth, Instances.empty(frame.height, frame.width), ())
            else:
                result = pipeline.step(seen)
                evaluator.add(frame.stamp_ns, truth, result.instances, result.objects)
    for name, _, _, _, evaluator in runs:
        s = evaluator.scores()
        right = f"{s.revisits_right}/{s.revisit_claims}/{s.revisits_known}"
        print(
            f"{name:15s} IDF1 {s.idf1 or 0:.3f} (precision {s.idp or 0:.3f}, recall {s.idr or 0:.3f}), "
            f"HOTA {s.hota or 0:.3f}, switches {s.id_switches}, "
            f"ids {s.map_objects} of {s.objects_true} objects, revisits right/claimed/known {right}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[901])
    parser.add_argument("--frames", type=int, default=900)
    parser.add_argument("--rates", type=float, nargs="+", default=[2, 3, 5, 10])
    parser.add_argument("--modes", type=Mode, nargs="+", default=[Mode.colour_depth_pose])
    parser.add_argument("--size", default="320x240")
    parser.add_argument("--scans", type=Path, default=Path("out/detector_rate"))
    args = parser.parse_args()
    width, height = map(int, args.size.split("x"))
    ways: dict[str, Callable[[Detector], Carried | Alone]] = {"every frame": lambda d: Alone(d, 1e3)}
    for rate in args.rates:
        ways[f"{rate:g} Hz, carried"] = lambda d, rate=rate: Carried(d, rate)  # type: ignore[misc]
        ways[f"{rate:g} Hz, alone"] = lambda d, rate=rate: Alone(d, rate)  # type: ignore[misc]
    for seed in args.seeds:
        folder = args.scans / f"scene{seed:04d}_{args.frames}_{args.size}"
        if not folder.exists():
            simulate(folder, seed=seed, frames=args.frames, size=(width, height), fps=FPS)
        for mode in args.modes:
            print(f"seed {seed}, {args.frames} frames at {FPS:g} Hz, {args.size}, {mode.value}")
            score(ScanNetScan(folder), ways, mode)


if __name__ == "__main__":
    main()
