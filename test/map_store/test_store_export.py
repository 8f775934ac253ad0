import json

import numpy as np
import pytest
from map_changes import MODEL, event, links, objects, prototypes, visits

from reobj.association.map.map_object import ObjectState
from reobj.association.store.export_json import export_json
from reobj.association.store.export_ply import export_ply
from reobj.association.store.snapshot import MapSnapshot
from reobj.errors import StorageError

TYPES = {"float": "<f4", "uchar": "u1", "double": "<f8", "int": "<i4"}


def snapshot(rows, redirects=None):
    places = [(i, 0) for i in rows.object_ids.tolist()]
    seen = visits(*rows.object_ids.tolist())
    return MapSnapshot("u-1", MODEL, 9, 2, 9, rows, seen, prototypes(*places), links((2, 3)), redirects or {})


def read_ply(path):
    """Comments, and the points as a structured array."""
    header, _, body = path.read_bytes().partition(b"\nend_header\n")
    lines = [line.split(" ") for line in header.decode("ascii").splitlines()]
    assert lines[:2] == [["ply"], ["format", "binary_little_endian", "1.0"]]
    dtype = np.dtype([(line[2], TYPES[line[1]]) for line in lines if line[0] == "property"])
    (count,) = (int(line[2]) for line in lines if line[:2] == ["element", "vertex"])
    points = np.frombuffer(body, dtype)
    assert len(points) == count
    return [" ".join(line[1:]) for line in lines if line[0] == "comment"], points


def xyz(points):
    return np.stack([points[axis] for axis in "xyz"], axis=1)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "deeper" / "out"


def test_json_holds_objects_and_history(out):
    export_json(snapshot(objects(1, 2), {1: 2}), [event(1, 2, why="new")], out)
    document = json.loads(out.read_text(encoding="utf-8"))
    assert (document["format"], document["version"], document["uuid"]) == ("reobj map", 1, "u-1")
    assert document["model"] == {"name": "test", "hash": "ab" * 16, "dim": 4}
    assert document["cannot_links"] == [[2, 3]]
    one, two = document["objects"]
    assert (one["object_id"], one["position"], one["extent"], one["merged_into"]) == (1, None, None, 2)
    assert (two["label"], two["votes"], two["merged_into"]) == ("chair", {"chair": 3, "table": 1}, None)
    assert (two["position"], two["state"], two["last_seen_ns"]) == ([2.25, 2.5, 2.75], "PRESENT", 40)
    assert [(v["visit_id"], v["object_id"], v["kind"]) for v in document["visits"]] == [
        (1, 1, "NEW"),
        (2, 2, "NEW"),
    ]
    assert document["events"] == [
        {
            "event_id": 1,
            "kind": "CREATED",
            "stamp_ns": 7,
            "object_ids": [2],
            "track_id": 3,
            "probability": 0.9,
            "absence_ns": 11,
            "name": "",
            "pose_then": None,
            "pose_now": None,
            "details": {"why": "new"},
        }
    ]


def test_a_box_of_the_point_cloud_spans_the_extent_around_the_position(out):
    extents = np.array([[1.0, 2.0, 3.0]])
    assert export_ply(snapshot(objects(2, extents=extents)), out) == 1
    _, points = read_ply(out)
    np.testing.assert_allclose(np.ptp(xyz(points), axis=0), extents[0], atol=1e-6)
    np.testing.assert_allclose(xyz(points).mean(axis=0), [2.25, 2.5, 2.75], atol=1e-5)
    relative = np.abs(xyz(points) - [2.25, 2.5, 2.75]) / (extents[0] / 2)
    on_edges = (np.isclose(relative, 1, atol=1e-5).sum(axis=1) >= 2) | (relative.max(axis=1) < 1e-5)
    assert on_edges.all()
    assert set(points["object_id"]) == {2}


def test_a_turned_box_is_turned(out):
    quarter_about_z = np.array([[0, 0, np.sqrt(0.5), np.sqrt(0.5)]])
    rows = objects(2, extents=np.array([[1.0, 2.0, 3.0]]), orientations=quarter_about_z)
    export_ply(snapshot(rows), out)
    np.testing.assert_allclose(np.ptp(xyz(read_ply(out)[1]), axis=0), [2, 1, 3], atol=1e-5)


def test_objects_without_a_place_and_retired_ones_are_left_out(out):
    states = np.array([ObjectState.PRESENT, ObjectState.PRESENT, ObjectState.RETIRED])
    assert export_ply(snapshot(objects(1, 2, 4, states=states)), out) == 1
    assert set(read_ply(out)[1]["object_id"]) == {2}


def test_labels_are_numbers_that_the_header_names(out):
    votes = np.array([[0.0, 5.0], [5.0, 0.0]])
    export_ply(snapshot(objects(2, 4, votes=votes, names=("", "größer\nend_header"))), out)
    comments, points = read_ply(out)
    assert comments == [
        "label 0 chair",
        "label 1 table",
        "object 2 table",
        "object 4 chair gr??er end_header",
    ]
    assert {(p["object_id"], p["label"]) for p in points} == {(2, 1), (4, 0)}
    assert len({(p["red"], p["green"], p["blue"]) for p in points}) == 2


def test_an_empty_map_is_a_point_cloud_without_points(out):
    assert export_ply(snapshot(objects()), out) == 0
    assert len(read_ply(out)[1]) == 0


@pytest.mark.parametrize("export", [export_ply, lambda some, path: export_json(some, (), path)])
def test_what_cannot_be_written_leaves_nothing(tmp_path, export):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError):
        export(snapshot(objects(2)), tmp_path / "file" / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
