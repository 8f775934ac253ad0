"""The small text files of a scan."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from reobj.errors import ScanError
from reobj.scans.labels import (
    LABEL_MAP_NAME,
    aggregation,
    axis_alignment,
    find_label_map,
    read_aggregation,
    read_label_map,
    read_meta,
    write_label_map,
)

# Form and column names as in ScanNet's files; the values are made up.
AGGREGATION = """{"sceneId": "scannet.scene0000_00", "appId": "Aggregator.v2",
 "segGroups": [{"id": 0, "objectId": 0, "segments": [14, 159], "label": "coffee table"},
               {"id": 1, "objectId": 1, "segments": [7], "label": "chair"}],
 "segmentsFile": "scannet.scene0000_00_vh_clean_2.0.010000.segs.json"}"""
LABEL_MAP = (
    "id\traw_category\tcategory\tcount\tnyu40id\teigen13id\tnyuClass\tnyu40class\n"
    "2\tchair\tchair\t8357\t5\t4\tchair\tchair\n"
    '1163\t27" monitor\tmonitor\t3\t40\t7\tmonitor\totherprop\n'
)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_instance_is_object_id_plus_one(tmp_path: Path) -> None:
    assert read_aggregation(write(tmp_path / "a.json", AGGREGATION)) == {1: "coffee table", 2: "chair"}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"segGroups": 3}', '{"segGroups": [{"id": 1}]}', "null"])
def test_damaged_aggregation_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(ScanError, match=r"a\.json.*segGroups"):
        read_aggregation(write(tmp_path / "a.json", text))


def test_written_aggregation_is_read_back(tmp_path: Path) -> None:
    content = aggregation("scene0001_00", {5: "cup", 2: "bed"}, with_segments=True)
    assert read_aggregation(write(tmp_path / "a.json", json.dumps(content))) == {2: "bed", 5: "cup"}
    assert [group["segments"] for group in content["segGroups"]] == [[2], [5]]  # type: ignore[attr-defined]


def test_label_map_gives_raw_categories_even_with_a_quote(tmp_path: Path) -> None:
    assert read_label_map(write(tmp_path / "l.tsv", LABEL_MAP)) == {2: "chair", 1163: '27" monitor'}


@pytest.mark.parametrize(
    "text", ["a\tb\n1\t2\n", "id\traw_category\nx\tchair\n", "id\traw_category\n\tchair\n"]
)
def test_another_table_is_no_label_map(tmp_path: Path, text: str) -> None:
    with pytest.raises(ScanError, match="id and raw_category"):
        read_label_map(write(tmp_path / "l.tsv", text))


def test_written_label_map_is_read_back(tmp_path: Path) -> None:
    write_label_map(tmp_path / "l.tsv", {"wall": 1, "chair": 700})
    assert read_label_map(tmp_path / "l.tsv") == {1: "wall", 700: "chair"}


def test_label_map_is_found_above_the_scan_and_the_nearest_counts(tmp_path: Path) -> None:
    folder = tmp_path / "scans" / "scene0000_00"
    folder.mkdir(parents=True)
    assert find_label_map(folder) is None
    above = write(tmp_path / LABEL_MAP_NAME, LABEL_MAP)
    assert find_label_map(folder) == above.resolve()
    inside = write(folder / LABEL_MAP_NAME, LABEL_MAP)
    assert find_label_map(folder) == inside.resolve()


def test_meta_keeps_every_line_with_an_equals_sign(tmp_path: Path) -> None:
    text = "axisAlignment = 1 0 0 0\ncolorHeight = 968\n\nno entry\nsceneType = Living room / Lounge\n"
    expected = {"axisAlignment": "1 0 0 0", "colorHeight": "968", "sceneType": "Living room / Lounge"}
    assert read_meta(write(tmp_path / "m.txt", text)) == expected


def test_axis_alignment_is_read_row_by_row() -> None:
    matrix = axis_alignment({"axisAlignment": " ".join(str(i) for i in range(16))}, "m.txt")
    np.testing.assert_array_equal(matrix, np.arange(16).reshape(4, 4))


def test_scan_without_alignment_has_upright_axes() -> None:
    np.testing.assert_array_equal(axis_alignment({}, "m.txt"), np.eye(4))


@pytest.mark.parametrize("text", ["1 2 3", "", "nan " * 16, "a " * 16])
def test_damaged_alignment_is_named(text: str) -> None:
    with pytest.raises(ScanError, match=r"axisAlignment in m\.txt: expected 16 finite numbers"):
        axis_alignment({"axisAlignment": text}, "m.txt")


def test_missing_file_is_a_scan_error(tmp_path: Path) -> None:
    with pytest.raises(ScanError, match="cannot read"):
        read_meta(tmp_path / "none.txt")
