"""Instances, embeddings and truth of a whole recording, in memory and as one .npz file.

Association is tuned over and over on the same detections; detector and encoder take most of the time.
Colour is never needed again; depth and poses are read from the recording, where they lie compactly.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reobj.errors import StorageError, mismatch
from reobj.evaluation.identity_truth import FrameTruth
from reobj.evaluation.truth_matching import Overlaps
from reobj.files import atomic_path
from reobj.types import Embeddings, Instances, ModelId

#: Written into each file; another one is not read.
FORMAT = 1


@dataclass(frozen=True, slots=True, eq=False)
class DetectedFrame:
    """What the stages before association said of one frame, and what is true of it.

    Attributes:
        stamp_ns, size: of the image; size is height and width.
        boxes, labels, scores, masks: of the instances; masks is the zlib-compressed label image.
        embeddings: (N, D) float32.
        truth: None where the recording does not know it.
    """

    stamp_ns: int
    size: tuple[int, int]
    boxes: NDArray[np.float32]
    labels: tuple[str, ...]
    scores: NDArray[np.float32]
    masks: bytes
    embeddings: NDArray[np.float32]
    truth: FrameTruth | None

    @classmethod
    def of(
        cls, stamp_ns: int, instances: Instances, embeddings: Embeddings, truth: FrameTruth | None
    ) -> DetectedFrame:
        """Of the stages' values."""
        height, width = instances.label_image.shape
        masks = zlib.compress(np.ascontiguousarray(instances.label_image, "<u2").tobytes(), 1)
        boxes, labels, scores = instances.boxes, instances.labels, instances.scores
        return cls(stamp_ns, (height, width), boxes, labels, scores, masks, embeddings.data, truth)

    def instances(self) -> Instances:
        """With the label image unpacked."""
        image = np.frombuffer(zlib.decompress(self.masks), "<u2").reshape(self.size)
        return Instances(self.boxes, image, self.labels, self.scores)


@dataclass(frozen=True, slots=True, eq=False)
class DetectedScan:
    """A whole recording.

    Attributes:
        name: of the recording.
        model: that made the embeddings.
        frames: in the order of time.
        true_labels: label of each true id.
    """

    name: str
    model: ModelId
    frames: Sequence[DetectedFrame]
    true_labels: dict[int, str]


def save_detections(path: Path, scan: DetectedScan) -> None:
    """Writes the file atomically. Raises StorageError."""
    frames = scan.frames
    names = sorted({label for frame in frames for label in frame.labels})
    head = {
        "format": FORMAT,
        "name": scan.name,
        "model": [scan.model.name, scan.model.content_hash, scan.model.dim],
        "labels": names,
        "true_labels": {str(key): label for key, label in scan.true_labels.items()},
    }
    codes = [names.index(label) for frame in frames for label in frame.labels]
    blob = b"".join(frame.masks for frame in frames)
    arrays = {
        "head": np.frombuffer(json.dumps(head).encode(), np.uint8),
        "stamps_ns": np.array([frame.stamp_ns for frame in frames], np.int64),
        "sizes": np.array([frame.size for frame in frames], np.int64).reshape(-1, 2),
        "counts": np.array([len(frame.labels) for frame in frames], np.int64),
        "boxes": np.concatenate([np.zeros((0, 4), np.float32), *(frame.boxes for frame in frames)]),
        "labels": np.array(codes, np.int32),
        "scores": np.concatenate([np.zeros(0, np.float32), *(frame.scores for frame in frames)]),
        "embeddings": np.concatenate(
            [np.zeros((0, scan.model.dim), np.float32), *(frame.embeddings for frame in frames)]
        ),
        "mask_bytes": np.array([len(frame.masks) for frame in frames], np.int64),
        "masks": np.frombuffer(blob, np.uint8),
        **_truth_arrays(frames),
    }
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def load_detections(path: Path) -> DetectedScan:
    """Reads a file of ``save_detections``.

    Raises:
        StorageError: it is damaged, or of another version.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        head = json.loads(arrays["head"].tobytes())
        if head["format"] != FORMAT:
            raise StorageError(mismatch(f"format of {path}", FORMAT, head["format"]))
        frames = _frames(arrays, head["labels"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise StorageError(f"{path}: expected a file of detections, got: {error}; remove it") from error
    labels = {int(key): label for key, label in head["true_labels"].items()}
    return DetectedScan(head["name"], ModelId(*head["model"]), frames, labels)


def _truth_arrays(frames: Sequence[DetectedFrame]) -> dict[str, NDArray[np.int64]]:
    """Everything that is known of the truth, one frame after the other; count -1 where nothing is."""
    known = [frame.truth for frame in frames if frame.truth is not None]
    nothing = np.zeros(0, np.int64)
    return {
        "true_counts": np.array(
            [-1 if f.truth is None else len(f.truth.overlaps.true_ids) for f in frames], np.int64
        ),
        "true_ids": np.concatenate([nothing, *(t.overlaps.true_ids for t in known)]),
        "true_areas": np.concatenate([nothing, *(t.overlaps.true_areas for t in known)]),
        "areas": np.concatenate([nothing, *(t.overlaps.areas for t in known)]),
        "shared": np.concatenate([nothing, *(t.overlaps.shared.ravel() for t in known)]),
        "matched": np.concatenate([nothing, *(t.matched for t in known)]),
    }


def _frames(arrays: dict[str, NDArray[np.int64]], names: list[str]) -> list[DetectedFrame]:
    """Takes the long arrays apart again."""
    counts, true_counts = arrays["counts"], arrays["true_counts"]
    there = true_counts >= 0
    per_instance = {key: np.split(arrays[key], np.cumsum(counts)) for key in _PER_INSTANCE}
    masks = np.split(arrays["masks"], np.cumsum(arrays["mask_bytes"]))
    per_truth = {
        "true_ids": true_counts[there],
        "true_areas": true_counts[there],
        "areas": counts[there],
        "matched": counts[there],
        "shared": (counts * true_counts)[there],
    }
    parts = {key: iter(np.split(arrays[key], np.cumsum(sizes))) for key, sizes in per_truth.items()}
    frames = []
    for row, (stamp_ns, size) in enumerate(zip(arrays["stamps_ns"], arrays["sizes"], strict=True)):
        truth = None
        if there[row]:
            shared = next(parts["shared"]).reshape(counts[row], true_counts[row])
            overlaps = Overlaps(
                next(parts["true_ids"]), next(parts["true_areas"]), next(parts["areas"]), shared
            )
            truth = FrameTruth(overlaps, next(parts["matched"]), int(size[0] * size[1]))
        boxes, labels, scores, embeddings = (per_instance[key][row] for key in _PER_INSTANCE)
        called = tuple(names[code] for code in labels)
        shape = (int(size[0]), int(size[1]))
        pixels = masks[row].tobytes()
        frames.append(
            DetectedFrame(int(stamp_ns), shape, boxes, called, scores, pixels, embeddings, truth)  # type: ignore[arg-type]
        )
    return frames


_PER_INSTANCE = ("boxes", "labels", "scores", "embeddings")
