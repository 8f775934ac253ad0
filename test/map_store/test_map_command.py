import json

import numpy as np
import pytest
from map_changes import changes, event, objects
from typer.testing import CliRunner

from reobj.association.map.map_object import ObjectState
from reobj.association.store.map_store import MapStore
from reobj.cli import app
from reobj.errors import InputError, MapFileError


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "room.map"
    states = np.array([ObjectState.PRESENT, ObjectState.RETIRED, ObjectState.PRESENT])
    votes = np.array([[9.0, 0.0], [9.0, 0.0], [0.0, 9.0]])
    rows = objects(1, 2, 4, states=states, votes=votes, names=("", "", "the [red] one"))
    with MapStore(made) as store:
        store.put(changes(1, 2, 4, objects=rows, redirects={2: 1}, events=(event(1, 1),)))
    return made


def said(*arguments, width="200"):
    done = CliRunner().invoke(app, ["map", *map(str, arguments)], env={"COLUMNS": width})
    if done.exception:
        raise done.exception
    return done.stdout


def rows_of(text):
    """Cells of the lines of a table that begin with a number."""
    cells = ([cell.strip() for cell in line.strip("│ \n").split("│")] for line in text.splitlines())
    return [row for row in cells if row[0].isdecimal()]


def test_info_says_what_is_in_a_map(path):
    text = said("info", path)
    cells = {
        row[0].strip(): row[1].strip()
        for row in (line.strip("│").split("│") for line in text.splitlines())
        if len(row) == 2
    }
    assert cells["model"] == "test@abababababab"
    assert (cells["objects"], cells["merged or deleted"], cells["embeddings"]) == ("2", "1", "3 of 4 numbers")
    assert (cells["last image"], cells["last event"]) == ("0.000 s", "1")
    assert (cells["chair"], cells["table"]) == ("1", "1")


def test_info_of_an_empty_map(tmp_path):
    MapStore(tmp_path / "empty.map").close()
    assert "none yet" in said("info", tmp_path / "empty.map")


def test_list_shows_living_objects(path):
    assert rows_of(said("list", path)) == [
        ["1", "chair", "", "present", "-", "-", "3", "1", "0.000 s"],
        ["4", "table", "the [red] one", "present", "4.25 4.50 4.75", "0.50 0.50 0.50", "12", "1", "0.000 s"],
    ]


def test_list_shows_one_class_or_what_was_merged_too(path):
    assert [row[0] for row in rows_of(said("list", path, "--label", "table"))] == ["4"]
    assert [row[3] for row in rows_of(said("list", path, "--retired"))] == [
        "present",
        "merged into 1",
        "present",
    ]


def test_export_writes_the_form_that_the_name_says(path, tmp_path):
    assert "wrote 3 objects" in said("export", path, tmp_path / "out.json")
    assert len(json.loads((tmp_path / "out.json").read_text())["events"]) == 1
    assert "wrote 1 objects" in said("export", path, tmp_path / "out.PLY")
    assert (tmp_path / "out.PLY").read_bytes().startswith(b"ply\n")


def test_an_export_of_another_form_is_refused(path, tmp_path):
    with pytest.raises(InputError, match=r"one that ends in .json or .ply, got out.xml"):
        said("export", path, tmp_path / "out.xml")
    assert not (tmp_path / "out.xml").exists()


def test_a_map_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(MapFileError, match="nothing there"):
        said("list", tmp_path / "no.map")
