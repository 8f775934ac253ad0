"""``reobj map explain`` and ``merge`` on maps that an associator wrote."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from reobj.association.associator import MapAssociator
from reobj.association.store.reading import read_events, read_map
from reobj.cli import app
from reobj.errors import InputError, MapModelError, UnknownObjectError
from reobj.types import Embeddings, Frame, Instances, ModelId

MODEL = ModelId("test", "ab", 8)
SECOND_NS = 1_000_000_000


def look(associator: MapAssociator, start_s: int, axes: tuple[int, ...], model: ModelId = MODEL) -> None:
    """Ten frames in which things with these looks stand side by side."""
    boxes = np.array([[40 * k, 10, 40 * k + 30, 40] for k in range(len(axes))], np.float32).reshape(-1, 4)
    masks = np.zeros((60, 160), np.uint16)
    for k, (x0, y0, x1, y1) in enumerate(boxes.astype(int)):
        masks[y0:y1, x0:x1] = k + 1
    labels = tuple(["chair", "cup", "book"][axis] for axis in axes)
    instances = Instances(boxes, masks, labels, np.ones(len(axes), np.float32))
    looks = np.eye(8, dtype=np.float32)[list(axes)].reshape(-1, 8)
    for k in range(10):
        frame = Frame.without_colour(60, 160, start_s * SECOND_NS + k * SECOND_NS // 10, "camera")
        associator.update(frame, instances, Embeddings(looks, model))


def write_map(path: Path, *axes: int, model: ModelId = MODEL) -> Path:
    """A map of things that were seen twice, with a gap of ten minutes."""
    associator = MapAssociator()
    associator.keeper.open(path)
    look(associator, 1, axes, model)
    look(associator, 601, axes, model)
    associator.keeper.close()
    return path


@pytest.fixture
def room(tmp_path: Path) -> Path:
    return write_map(tmp_path / "room.map", 0, 1)


def said(*arguments: object) -> str:
    done = CliRunner().invoke(app, ["map", *map(str, arguments)], env={"COLUMNS": "200"})
    if done.exception:
        raise done.exception
    return done.stdout


def rows_of(text: str, title: str) -> list[list[str]]:
    """Cells of the table under a title."""
    lines = text[text.index(title) :].splitlines()[1:]
    end = next(i for i, line in enumerate(lines) if line.startswith("└"))
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines[:end] if "│" in line]


def test_explain_shows_visits_with_the_evidence_that_was_written_with_them(room: Path) -> None:
    text = said("explain", room, 1)
    created, back = rows_of(text, "Visits")
    assert [created[5], back[5]] == ["NEW", "MATCH"]
    assert float(back[6]) == pytest.approx(read_map(room).visits.probabilities[2], abs=1e-3)
    (event,) = [e for e in read_events(room) if e.kind.name == "REIDENTIFIED" and e.object_ids == (1,)]
    chosen = next(row for row in rows_of(text, "Evidence") if row[:2] == [back[0], "chosen"])
    assert chosen[2] == "object 1"
    terms = event.details["chosen"]["terms"]  # type: ignore[index]
    assert float(chosen[-1]) == pytest.approx(sum(terms.values()), abs=0.01)
    assert [row[2] for row in rows_of(text, "History")] == ["CREATED", "REIDENTIFIED"]
    assert rows_of(text, "Views that tracks are compared with")


def test_explain_follows_old_ids_and_keeps_deleted_objects(room: Path) -> None:
    associator = MapAssociator()
    associator.keeper.open(room)
    associator.keeper.merge([1, 2], stamp_ns=700 * SECOND_NS, force=True)
    associator.keeper.close()
    text = said("explain", room, 2)
    assert "object 1" in text and "2, which was merged into it" in text
    assert len(rows_of(text, "Visits")) == 4
    associator = MapAssociator()
    associator.keeper.open(room)
    associator.keeper.delete(1, stamp_ns=800 * SECOND_NS)
    associator.keeper.close()
    assert "retired" in said("explain", room, 1)


def test_an_id_that_was_never_given_out_is_unknown(room: Path) -> None:
    with pytest.raises(UnknownObjectError):
        said("explain", room, 99)


def test_merge_makes_one_map_and_leaves_both_as_they_are(room: Path, tmp_path: Path) -> None:
    other = write_map(tmp_path / "other.map", 1, 2)
    before = room.read_bytes(), other.read_bytes()
    assert "wrote" in said("merge", room, other, tmp_path / "both.map")
    assert (room.read_bytes(), other.read_bytes()) == before
    both = read_map(tmp_path / "both.map")
    assert both.objects.object_ids[both.living()].tolist()[:2] == [1, 2]
    assert {both.objects.label_of(row) for row in both.living()} == {"chair", "cup", "book"}
    assert len(both.visits) == 8
    assert len(read_events(tmp_path / "both.map")) >= 4
    assert "object 1" in said("explain", tmp_path / "both.map", 1)


def test_merge_overwrites_nothing_and_never_mixes_models(room: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="which exists"):
        said("merge", room, room, room)
    other = write_map(tmp_path / "other.map", 0, model=ModelId("other", "cd", 8))
    with pytest.raises(MapModelError):
        said("merge", room, other, tmp_path / "both.map")
    assert not (tmp_path / "both.map").exists()


def test_the_command_is_listed() -> None:
    text = CliRunner().invoke(app, ["--help"]).stdout
    assert " map " in text
    listed = CliRunner().invoke(app, ["map", "--help"]).stdout
    assert all(f" {name} " in listed for name in ("info", "list", "merge", "export", "explain"))
