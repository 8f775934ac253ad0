"""``views.json``: which scenes a folder of views has, how they were made, and how much there is."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reobj.errors import ReobjError, ViewsError, mismatch
from reobj.files import write_text
from reobj.views.counts import ClassCount, Counts, summed
from reobj.views.settings import ViewSettings
from reobj.views.shard import FORMAT, VERSION

INDEX = "views.json"


@dataclass(frozen=True, slots=True)
class SceneOutcome:
    """What a build has of one recording.

    Attributes:
        scene: name of it.
        views, frames: how many; frames are those that were looked at.
        counts: by label.
        reason: why it was skipped; None for a scene that is there.
        kept: whether it was there before this build.
    """

    scene: str
    views: int = 0
    frames: int = 0
    counts: Counts = dataclasses.field(default_factory=dict)
    reason: str | None = None
    kept: bool = False


@dataclass(frozen=True, slots=True)
class ViewsIndex:
    """The content of ``views.json``.

    Attributes:
        settings: of the build.
        scenes: names, in the order of the build.
        views: number of views of each of them.
        counts: by label, of all scenes together.
        skipped: reason by name of each recording that was left out.
    """

    settings: ViewSettings
    scenes: tuple[str, ...]
    views: tuple[int, ...]
    counts: Counts
    skipped: Mapping[str, str]


def write_index(out: Path, settings: ViewSettings, outcomes: Sequence[SceneOutcome]) -> ViewsIndex:
    """Writes ``views.json`` for finished shards, and returns what is in it. Raises StorageError."""
    there = [outcome for outcome in outcomes if outcome.reason is None]
    index = ViewsIndex(
        settings,
        tuple(outcome.scene for outcome in there),
        tuple(outcome.views for outcome in there),
        summed(outcome.counts for outcome in there),
        {outcome.scene: outcome.reason for outcome in outcomes if outcome.reason is not None},
    )
    scenes = [{"name": o.scene, "views": o.views, "frames": o.frames} for o in there]
    classes = [{"label": label, **dataclasses.asdict(count)} for label, count in index.counts.items()]
    skipped = [{"name": name, "reason": reason} for name, reason in index.skipped.items()]
    data = {
        "format": FORMAT,
        "version": VERSION,
        "settings": settings.mapping(),
        "scenes": scenes,
        "classes": classes,
        "skipped": skipped,
    }
    write_text(out / INDEX, json.dumps(data, indent=1) + "\n")
    return index


def read_index(folder: Path) -> ViewsIndex:
    """What ``views.json`` of a folder says.

    Raises:
        ViewsError: missing, damaged, or of another version.
    """
    path = folder / INDEX
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if (data["format"], data["version"]) != (FORMAT, VERSION):
            got = f"{data['format']!r} version {data['version']}"
            raise ViewsError(mismatch(str(path), f"{FORMAT!r} version {VERSION}", got))
        return ViewsIndex(
            ViewSettings.from_mapping(data["settings"], "settings"),
            tuple(str(scene["name"]) for scene in data["scenes"]),
            tuple(int(scene["views"]) for scene in data["scenes"]),
            {c["label"]: ClassCount(c["detections"], c["views"], c["instances"]) for c in data["classes"]},
            {entry["name"]: entry["reason"] for entry in data["skipped"]},
        )
    except ViewsError:
        raise
    except (OSError, ValueError, KeyError, TypeError, ReobjError) as error:
        expected = f"the index of a folder of views, version {VERSION}"
        raise ViewsError(mismatch(str(path), expected, f"{type(error).__name__}: {error}")) from error
