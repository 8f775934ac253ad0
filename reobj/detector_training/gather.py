"""From recordings to pictures; what is finished already is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reobj.detector_training.pictures import PictureScene, read_scene, write_scene
from reobj.errors import BagError, InputError, ScanError, mismatch
from reobj.scans.decode_ahead import available_workers
from reobj.scans.labelled import labelled_frames
from reobj.scans.opening import open_source
from reobj.training.report import never
from reobj.views.recordings import find_recordings, fingerprint, scene_name

Skipped = Callable[[str, str], None]
"""Called with the name of a recording that cannot be used, and why."""


class Stopped(Exception):
    """Somebody asked for an end while pictures were gathered. The scenes that are finished are kept."""


@dataclass(frozen=True, slots=True)
class Gathering:
    """How pictures are gathered.

    Attributes:
        folder: of all scenes.
        every: frames of a recording from one picture to the next, >= 1.
        skipped: is told of each recording that cannot be used.
        progress: is told how many recordings of how many are done.
        should_stop: asked after every picture.
    """

    folder: Path
    every: int
    skipped: Skipped
    progress: Callable[[int, int], None]
    should_stop: Callable[[], bool] = never


def gather(scans: Sequence[Path], how: Gathering) -> list[PictureScene]:
    """The pictures of all recordings that can be used and have any.

    Args:
        scans: scan folders, .sens files, bags, and folders of those; of different names.
        how: every so many frames, and where to.

    Raises:
        InputError: two recordings of one name, or not one that can be used.
        StorageError: a write was refused.
        Stopped: ``how.should_stop`` asked for it.
    """
    paths = find_recordings(scans)
    found = []
    for done, path in enumerate(paths, 1):
        try:
            scene = _scene(path, how)
            if scene.frames:
                found.append(scene)
            else:
                how.skipped(scene_name(path), "no frame has true instances")
        except (ScanError, BagError, InputError) as error:
            how.skipped(scene_name(path), str(error))
        how.progress(done, len(paths))
    if not found:
        raise InputError(mismatch("recordings with true instances", "at least one", f"none of {len(paths)}"))
    return found


def _scene(path: Path, how: Gathering) -> PictureScene:
    """The pictures of one recording, from an earlier run if they are the same."""
    folder, source = how.folder / scene_name(path), {**fingerprint(path), "every": how.every}
    try:
        scene = read_scene(folder)
        if scene.source == source:
            return scene
    except ScanError:
        pass  # there are none yet
    recording = open_source(path)
    if not recording.has_truth:
        raise ScanError(mismatch(str(path), "true instances", "a recording without them"))

    def check(_: int) -> None:
        if how.should_stop():
            raise Stopped

    return write_scene(folder, source, labelled_frames(recording, how.every, available_workers()), check)
