"""summary.json: the numbers of a demo run for a program to read."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reobj.errors import InputError, mismatch
from reobj.evaluation.identity import IdentityScores
from reobj.evaluation.latency import Percentiles
from reobj.files import write_text

#: What is written of the scores of each run.
SCORE_KEYS = (
    "idf1",
    "hota",
    "assa",
    "id_switches",
    "revisits",
    "revisit_recall",
    "revisit_precision",
    "map_objects",
    "duplicates",
)

#: The runs over the recording, without ROS.
OFFLINE_KEYS = ("colour", "colour_depth_pose", "deepsort")


@dataclass(frozen=True, slots=True)
class Summary:
    """What a demo run came to.

    Attributes:
        scan: name of the recording.
        frames: its number of frames.
        objects_true: true objects that were visible enough in some frame.
        live: scores of what the nodes published.
        offline: scores of the pipeline without ROS, by OFFLINE_KEYS.
        latency_ms: by stage.
        frames_dropped: frames that the live nodes left out to keep up.
    """

    scan: str
    frames: int
    objects_true: int
    live: IdentityScores
    offline: Mapping[str, IdentityScores]
    latency_ms: Mapping[str, Percentiles]
    frames_dropped: int

    def __post_init__(self) -> None:
        if set(self.offline) != set(OFFLINE_KEYS):
            raise InputError(mismatch("offline runs", OFFLINE_KEYS, tuple(self.offline)))

    def as_dict(self) -> dict[str, Any]:
        """The content of summary.json. A value that is not known is None, never NaN."""
        return {
            "scan": self.scan,
            "frames": self.frames,
            "objects_true": self.objects_true,
            "live": _scores(self.live),
            "offline": {key: _scores(self.offline[key]) for key in OFFLINE_KEYS},
            "latency_ms": {
                stage: {"p50": _finite(value.p50), "p95": _finite(value.p95)}
                for stage, value in self.latency_ms.items()
            },
            "frames_dropped": self.frames_dropped,
        }


def write_summary(path: Path | str, summary: Summary) -> None:
    """Writes summary.json atomically.

    Raises:
        StorageError: the file could not be written; what stood there is untouched.
    """
    write_text(path, json.dumps(summary.as_dict(), indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def _scores(scores: IdentityScores) -> dict[str, float | int | None]:
    return {key: _finite(getattr(scores, key)) for key in SCORE_KEYS}


def _finite(value: float | int | None) -> float | int | None:
    """JSON has no NaN and no infinity."""
    return value if value is not None and math.isfinite(value) else None
