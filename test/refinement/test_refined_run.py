"""``reobj run --refine`` over a whole recording."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from painted_walk import PaintedWalk, write_scan

from reobj.config import parse_config
from reobj.offline import Mode, Moment
from reobj.refinement.archive import FrameArchive
from reobj.refinement.refined_run import RUN, RefinedRun
from reobj.scans.base import FrameSource
from reobj.scans.opening import open_source
from reobj.single_run import RunConfig, run_recording

#: a detector that looks at every fourth frame and misses a third of what is there
POOR = {"imperfections": {"miss": 0.3, "split": 0.0, "label_swap": 0.0}, "propagation": {"every": 4}}


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scan(PaintedWalk(14), tmp_path_factory.mktemp("scan") / "scene0007_00")


class InOrderOnly:
    """A recording that can be read in the order of time only, as a bag."""

    def __init__(self, source: FrameSource) -> None:
        self.name, self.has_truth, self._source = source.name, source.has_truth, source

    def __len__(self) -> int:
        return len(self._source)

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self._source)


def refined(source: FrameSource) -> tuple[RefinedRun, list[Moment]]:
    with FrameArchive(source) as archive:
        run = RefinedRun(archive, parse_config({"detector": POOR}), Mode.colour_depth_pose, "cpu")
        return run, list(run.moments())


@pytest.fixture(scope="module")
def outcome(scan: Path) -> tuple[RefinedRun, list[Moment]]:
    return refined(open_source(scan))


def test_rounds_find_what_the_detector_missed(outcome: tuple[RefinedRun, list[Moment]]) -> None:
    before, *rounds = outcome[0].outcomes
    assert before.round is None
    assert [item.round.number for item in rounds] == list(range(1, len(rounds) + 1))
    assert rounds[0].round.found + rounds[0].round.carried > 0
    assert rounds[-1].scores.idr > before.scores.idr + 0.05
    shown = sum(item.object_id > 0 for moment in outcome[1] for item in moment.results[RUN].objects)
    assert shown == rounds[-1].round.masks


def test_every_object_is_in_one_place_of_a_frame(outcome: tuple[RefinedRun, list[Moment]]) -> None:
    for moment in outcome[1]:
        ids = [item.object_id for item in moment.results[RUN].objects if item.object_id]
        assert len(ids) == len(set(ids))


def test_a_recording_that_is_read_in_order_only_gives_the_same(
    scan: Path, outcome: tuple[RefinedRun, list[Moment]]
) -> None:
    run, moments = refined(InOrderOnly(open_source(scan)))
    assert [item.round for item in run.outcomes] == [item.round for item in outcome[0].outcomes]
    assert run.outcomes[-1].scores == outcome[0].outcomes[-1].scores
    assert [m.frame.stamp_ns for m in moments] == [m.frame.stamp_ns for m in outcome[1]]


def test_the_files_show_the_last_round_and_the_report_tells_of_all(scan: Path, tmp_path: Path) -> None:
    config = tmp_path / "poor.yaml"
    config.write_text(json.dumps({"detector": POOR}), encoding="utf-8")
    wanted = RunConfig(scan, tmp_path / "out", config, device="cpu", refine=True)
    done = run_recording(wanted)
    frames = json.loads((wanted.out / "ids.json").read_text())["frames"]
    shown = sum(item["object_id"] > 0 for frame in frames for item in frame["objects"])
    assert (len(frames), shown) == (14, done.rounds[-1].round.masks)
    page = (wanted.out / "report.html").read_text()
    assert "forward run" in page
    assert done.rounds[-1].note in page
    assert (wanted.out / "overlay.mp4").stat().st_size > 0


def test_an_interrupted_run_leaves_nothing_behind(scan: Path, tmp_path: Path) -> None:
    def parts(title: str) -> Callable[[int, int], None]:
        def progress(done: int, total: int) -> None:
            if title == "round 1, backwards":
                raise KeyboardInterrupt

        return progress

    with pytest.raises(KeyboardInterrupt):
        run_recording(RunConfig(scan, tmp_path / "out", device="cpu", refine=True), parts=parts)
    assert not any((tmp_path / "out").iterdir())
