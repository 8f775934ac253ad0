"""What writing the map down costs association, and how long maps take to open, save and join.

    python benchmarks/map_store.py [OBJECTS ...]

Frames: 20 instances with 512-d embeddings at 30 Hz, half of which are others every second, so that
visits and views are written all the time; the clock's milliseconds that ``MapKeeper.record`` takes from a
frame with a file on disk and without. Files: maps of OBJECTS objects (default: 1,000 and 10,000) with 8
prototypes each.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reobj.association.associator import MapAssociator
from reobj.association.geometry import InstanceGeometry
from reobj.association.map.map_keeper import MapKeeper
from reobj.association.map.object_map import ObjectMap
from reobj.association.map.views import Views
from reobj.types import Embeddings, Event, Frame, Instances, ModelId

MODEL = ModelId("benchmark", "00", 512)
STEP_NS = 33_000_000


def timed_record() -> list[float]:
    """From now on every ``MapKeeper.record`` adds its milliseconds to this list."""
    times: list[float] = []
    plain = MapKeeper.record

    def record(self: MapKeeper, events: Iterable[Event] = ()) -> tuple[Event, ...]:
        start = time.perf_counter()
        found = plain(self, events)
        times.append(1e3 * (time.perf_counter() - start))
        return found

    setattr(MapKeeper, "record", record)  # noqa: B010
    return times


def unit(x: NDArray[np.float64]) -> NDArray[np.float32]:
    """Rows of length 1."""
    return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)


def frames(
    path: Path | None, times: list[float], count: int = 1_800, instances: int = 20
) -> NDArray[np.float64]:
    """Milliseconds of each ``record``, one per frame and some more."""
    rng = np.random.default_rng(0)
    looks = unit(rng.normal(size=(10 * instances, 512)))
    x, y = 128.0 * (np.arange(instances) % 5), 120.0 * (np.arange(instances) // 5)
    boxes = np.stack([x, y, x + 100, y + 90], axis=1).astype(np.float32)
    masks = np.zeros((480, 640), np.uint16)
    found = Instances(boxes, masks, ("chair",) * instances, np.ones(instances, np.float32))
    associator = MapAssociator()
    if path is not None:
        associator.keeper.open(path, MODEL)
    times.clear()
    for k in range(count):
        shown = np.arange(instances)
        shown[::2] += instances * (k // 30 % 10) % len(looks)
        noise = rng.normal(0, 0.2 / np.sqrt(512), (instances, 512))
        frame = Frame.without_colour(480, 640, k * STEP_NS, "camera")
        associator.update(frame, found, Embeddings(unit(looks[shown] + noise), MODEL))
        time.sleep(0.005)  # as a camera does; the writer has its turn
    associator.keeper.close()
    return np.array(times)


def filled(objects: int) -> ObjectMap:
    """A map of so many objects."""
    rng = np.random.default_rng(1)
    made = ObjectMap(8, 0.01)
    made.use(MODEL)
    places = rng.uniform(0, np.sqrt(objects), (objects, 3))
    for place in places:
        geometry = InstanceGeometry(np.ones(1), place[None], 1e-3 * np.eye(3)[None], np.full((1, 3), 0.4))
        made.create(Views.of(unit(rng.normal(size=(8, 512)))), ["chair"] * 8, (0, 1), geometry)
    return made


def files(folder: Path, objects: int) -> None:
    """Prints how long a map of so many objects takes to write and to open, and how large its file is."""
    keeper, path = MapKeeper(filled(objects)), folder / f"{objects}.map"
    start = time.perf_counter()
    keeper.save_as(path)
    saved = time.perf_counter()
    again = MapKeeper(ObjectMap(8, 0.01))
    again.open(path)
    opened = time.perf_counter()
    again.close()
    size = path.stat().st_size / 1e6
    print(
        f"{objects:8,} objects: saved in {saved - start:.2f} s, opened in {opened - saved:.2f}, {size:.0f} MB"
    )


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("objects", nargs="*", type=int, default=[1_000, 10_000])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        times = timed_record()
        for name, path in (("without a file", None), ("with a file", Path(folder) / "frames.map")):
            ms = frames(path, times)
            middle, high = np.percentile(ms, (50, 99))
            print(
                f"record, {name:15} p50 {middle:.2f} ms, p99 {high:.2f}, worst of {len(ms)}: {ms.max():.2f}"
            )
        for objects in arguments.objects:
            files(Path(folder), objects)


if __name__ == "__main__":
    main()
