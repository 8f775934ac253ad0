"""Detection and encoding of a recording, once for all systems and modes, and once for all times on disk."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from reobj.config import DetectorSection, EncoderSection, PipelineConfig, build_detector, build_encoder
from reobj.detection.truth import TruthBuffer
from reobj.encoding.registry import encoder_entry
from reobj.errors import InputError, mismatch
from reobj.evaluation.identity_cache import (
    FORMAT,
    DetectedFrame,
    DetectedScan,
    load_detections,
    save_detections,
)
from reobj.evaluation.identity_systems import Masks
from reobj.evaluation.identity_truth import FrameTruth
from reobj.progress import Progress, silent
from reobj.scans.base import FrameSource


def detections(
    path: Path,
    source: FrameSource,
    masks: Masks,
    encoder: EncoderSection,
    device: str = "auto",
    *,
    detector: DetectorSection | None,
    limit: int | None = None,
    cache: Path | None = None,
    progress: Progress = silent,
) -> DetectedScan:
    """From the cache, or computed and kept there.

    Args:
        path: of the recording.
        source: the recording, opened.
        masks, encoder: the stages.
        device: of the networks.
        detector: of ``Masks.detector``; None for Mask R-CNN.
        limit: number of frames at most; None = all.
        cache: folder of .npz files; None keeps nothing.
        progress: called after each frame that is computed.

    Raises:
        InputError: the recording knows no truth.
        ReobjError: what the stages, the recording or the file raise.
    """
    if not source.has_truth:
        raise InputError(mismatch(f"recording {path}", "one with true instances", "none"))
    config = PipelineConfig(masks.section(detector), encoder)
    file = None if cache is None else cache / _file_name(path, source, masks, config, limit)
    if file is not None and file.is_file():
        return load_detections(file)
    scan = _detect(source, config, device, limit, progress)
    if file is not None:
        save_detections(file, scan)
    return scan


def _detect(
    source: FrameSource, config: PipelineConfig, device: str, limit: int | None, progress: Progress
) -> DetectedScan:
    truths = TruthBuffer(capacity=1)
    detector, encoder = build_detector(config, device, truths), build_encoder(config, device)
    total = len(source) if limit is None else min(limit, len(source))
    frames: list[DetectedFrame] = []
    labels: dict[int, str] = {}
    for frame, truth in source:
        if len(frames) >= total:
            break
        if truth is not None:
            truths.put(frame.stamp_ns, truth)
            labels.update(truth.labels)
        instances = detector.detect(frame)
        embeddings = encoder.encode(frame, instances)
        known = None if truth is None else FrameTruth.of(instances, truth)
        frames.append(DetectedFrame.of(frame.stamp_ns, instances, embeddings, known))
        progress(len(frames), total)
    return DetectedScan(source.name, encoder.model, frames, labels)


def _file_name(
    path: Path, source: FrameSource, masks: Masks, config: PipelineConfig, limit: int | None
) -> str:
    """Names everything that the content depends on, most of it as a hash."""
    encoder = config.encoder
    models = sorted(encoder_entry(encoder.name).calibrations(encoder.options))
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    stats = [(item.name, item.stat().st_size, item.stat().st_mtime_ns) for item in files if item.is_file()]
    key = json.dumps(
        [FORMAT, str(path.resolve()), stats, repr(config.detector), repr(encoder), models, limit]
    )
    return f"{source.name}-{masks.value}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.npz"
