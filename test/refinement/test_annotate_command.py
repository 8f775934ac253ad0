"""``reobj annotate``: from two drawn frames to a scan with true ids."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from painted_walk import PaintedWalk, write_scan
from typer.testing import CliRunner

from reobj.cli import app
from reobj.errors import InputError
from reobj.scans.bag_writer import scan_to_bag
from reobj.scans.opening import open_source
from reobj.scans.scannet import ScanNetScan

DEPTH_SEGMENTS = "detector: {name: depth_segments}\n"


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scan(PaintedWalk(10), tmp_path_factory.mktemp("scan") / "scene0007_00")


@pytest.fixture(scope="module")
def labels(scan: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both things in frame 4, drawn under other ids than their true ones."""
    folder, true = tmp_path_factory.mktemp("labels"), PaintedWalk(10).ids(4)
    cv2.imwrite(str(folder / "4.png"), np.array([0, 20, 10], np.uint8)[true])
    (folder / "labels.json").write_text(json.dumps({"20": "box", "10": "cup", "3": "not drawn"}))
    (folder / "depth.yaml").write_text(DEPTH_SEGMENTS)
    return folder


def annotate(source: Path, labels: Path, out: Path, *more: str) -> str:
    arguments = ["annotate", str(source), "--labels", str(labels), "--out", str(out), "--device", "cpu"]
    config = ["--config", str(labels / "depth.yaml")]
    result = CliRunner().invoke(app, [*arguments, *config, *more], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def agreement(annotated: Path) -> float:
    """The least intersection over union with the truth, over both things and all frames."""
    found = []
    for number, (_, image) in enumerate(open_source(annotated)):
        true = PaintedWalk(10).ids(number)
        for ours, theirs in ((20, 1), (10, 2)):
            mask, wanted = image.ids == ours, true == theirs
            found.append((mask & wanted).sum() / (mask | wanted).sum())
    assert len(found) == 20
    return float(min(found))


def test_the_result_is_a_scan_with_what_was_drawn_in_every_frame(
    scan: Path, labels: Path, tmp_path: Path
) -> None:
    out = tmp_path / "annotated"
    text = annotate(scan, labels, out)
    assert "sheet.jpg" in text.replace("\n", "")
    assert ScanNetScan(out).label_names() == {20: "box", 10: "cup"}
    np.testing.assert_array_equal(ScanNetScan(out).truth(4).ids, cv2.imread(str(labels / "4.png"), -1))
    assert agreement(out) > 0.75
    summary = json.loads((out / "annotation.json").read_text())
    assert (summary["frames"], summary["drawn_frames"]) == (10, [4])
    assert [item["frames"] for item in summary["objects"]] == [10, 10]
    assert cv2.imread(str(out / "sheet.jpg")).shape[0] == 2 * 144
    np.testing.assert_array_equal(ScanNetScan(out).frame(3).colour, ScanNetScan(scan).frame(3).colour)


def test_a_bag_becomes_a_scan(scan: Path, labels: Path, tmp_path: Path) -> None:
    scan_to_bag(ScanNetScan(scan), tmp_path / "bag")
    annotate(tmp_path / "bag", labels, tmp_path / "annotated", "--mode", "colour_depth")
    assert len(open_source(tmp_path / "annotated")) == 10
    assert agreement(tmp_path / "annotated") > 0.7


def test_an_earlier_annotation_is_replaced_and_anything_else_is_not(
    scan: Path, labels: Path, tmp_path: Path
) -> None:
    (tmp_path / "annotation.json").write_text("{}")
    annotate(scan, labels, tmp_path, "--frames", "5")
    assert ScanNetScan(tmp_path).truth(4) is not None
    assert ScanNetScan(tmp_path).truth(5) is None
    for taken in (labels, scan, scan.parent):
        with pytest.raises(InputError, match="--out"):
            annotate(scan, labels, taken)
    assert (scan / f"{scan.name}.sens").is_file()


def test_what_does_not_fit_ends_it_before_it_begins(scan: Path, labels: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="frame number from 0 to 2, got 4"):
        annotate(scan, labels, tmp_path / "out", "--frames", "3")
    assert not (tmp_path / "out").exists()


def test_pictures_to_draw_in_are_written_beside_the_labels(scan: Path, tmp_path: Path) -> None:
    arguments = ["annotate", str(scan), "--labels", str(tmp_path / "new"), "--pictures", "0, 9"]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["0.jpg", "9.jpg"]
    assert cv2.imread(str(tmp_path / "new" / "0.jpg")).shape == (120, 160, 3)
