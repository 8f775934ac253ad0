import json
from pathlib import Path

import pytest
from tiny_store import small_spec, write_model

from reobj.encoding.context import PAPER_CONTEXT
from reobj.errors import ModelError, StorageError
from reobj.evaluation.folds import Folds, read_folds
from reobj.evaluation.subjects import distinct, open_subject


def write_cross_validation(folder: Path) -> Path:
    for number in range(2):
        write_model(folder / f"fold{number}", seed=number)
    folds = {"folds": [{"scenes": ["room0", "room2"]}, {"scenes": ["room1"]}], "configuration": {}}
    (folder / "folds.json").write_text(json.dumps(folds))
    return folder


def test_a_model_folder_is_called_as_its_card_says(tmp_path: Path) -> None:
    subject = open_subject(str(write_model(tmp_path / "m", "chairs")))
    assert (subject.name, subject.setup, subject.folds) == ("chairs", "concat", None)
    assert subject.spec == small_spec()
    assert subject.load[0]().dim == 8


def test_a_cross_validation_has_a_network_for_each_fold(tmp_path: Path) -> None:
    subject = open_subject(str(write_cross_validation(tmp_path / "cv")))
    assert subject.name == "cv"
    assert subject.folds == Folds((("room0", "room2"), ("room1",)))
    first, second = (load().state_dict() for load in subject.load)
    assert any((first[name] != second[name]).any() for name in first)


def test_folds_of_different_models_are_refused(tmp_path: Path) -> None:
    folder = write_cross_validation(tmp_path / "cv")
    card = json.loads((folder / "fold1" / "model.json").read_text())
    (folder / "fold1" / "model.json").write_text(json.dumps({**card, "crop_size": 32}))
    with pytest.raises(ModelError, match="one specification for all folds"):
        open_subject(str(folder))


def test_a_network_of_the_registry_untrained_gets_the_papers_crops() -> None:
    subject = open_subject("small:no-train", weights="none")
    assert (subject.name, subject.setup, subject.spec.crop_size) == ("small:no-train", "no-train", 224)
    assert subject.spec.context == PAPER_CONTEXT


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("nowhere", "a folder with model.json"),
        ("small:full", "expected NETWORK:no-train, got 'full'"),
        ("alexnet:no-train", "network: expected one of"),
    ],
)
def test_what_is_no_model_is_said(reference: str, says: str) -> None:
    with pytest.raises(ModelError, match=says):
        open_subject(reference)


def test_models_of_one_name_are_numbered(tmp_path: Path) -> None:
    folders = [write_model(tmp_path / str(n), name) for n, name in enumerate(("a", "b", "a"))]
    subjects = distinct([open_subject(str(folder)) for folder in folders])
    assert [subject.name for subject in subjects] == ["a (1)", "b", "a (2)"]


@pytest.mark.parametrize(
    "text",
    ["[]", "{", "{}", '{"folds": []}', '{"folds": [{"scenes": ["a"]}, {"scenes": ["a"]}]}', '{"folds": [1]}'],
)
def test_a_damaged_folds_file_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "folds.json").write_text(text)
    with pytest.raises(StorageError, match=r"folds\.json"):
        read_folds(tmp_path)


def test_a_missing_folds_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot read"):
        read_folds(tmp_path / "folds.json")
