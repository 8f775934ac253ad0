import json
from dataclasses import fields, replace
from pathlib import Path

import pytest

from reobj.errors import InputError, StorageError
from reobj.evaluation.identity import IdentityScores
from reobj.evaluation.latency import Percentiles
from reobj.evaluation.summary import Summary, write_summary

SCORE_TYPES = {
    "idf1": float,
    "hota": float,
    "assa": float,
    "id_switches": int,
    "revisits": int,
    "revisit_recall": float,
    "revisit_precision": float,
    "map_objects": int,
    "duplicates": int,
}


def scores(value: float = 0.75) -> IdentityScores:
    kinds = {f.name: f.type for f in fields(IdentityScores)}
    return IdentityScores(**{name: 3 if kind == "int" else value for name, kind in kinds.items()})


def summary() -> Summary:
    offline = {"deepsort": scores(0.25), "colour": scores(), "colour_depth_pose": scores()}
    return Summary("office", 300, 20, scores(), offline, {"detect": Percentiles(1.5, 2.5)}, 4)


def written(path: Path, value: Summary) -> dict:
    write_summary(path, value)
    return json.loads(path.read_text(), parse_constant=lambda name: pytest.fail(f"{name} in the file"))


def test_the_file_has_exactly_the_promised_form(tmp_path: Path) -> None:
    content = written(tmp_path / "summary.json", summary())
    keys = ["scan", "frames", "objects_true", "live", "offline", "latency_ms", "frames_dropped"]
    assert list(content) == keys
    assert list(content["offline"]) == ["colour", "colour_depth_pose", "deepsort"]
    for result in (content["live"], *content["offline"].values()):
        assert {key: type(value) for key, value in result.items()} == SCORE_TYPES
    assert content["latency_ms"] == {"detect": {"p50": 1.5, "p95": 2.5}}
    assert (content["scan"], content["frames"], content["objects_true"]) == ("office", 300, 20)
    assert content["frames_dropped"] == 4
    assert content["offline"]["deepsort"]["idf1"] == 0.25


@pytest.mark.parametrize("unknown", [None, float("nan"), float("inf")])
def test_what_is_not_known_is_null(tmp_path: Path, unknown: float | None) -> None:
    value = replace(
        summary(),
        live=replace(scores(), revisit_recall=unknown, hota=unknown),
        latency_ms={"encode": Percentiles(float("nan"), 1.0)},
    )
    content = written(tmp_path / "summary.json", value)
    assert content["live"]["revisit_recall"] is None
    assert content["live"]["hota"] is None
    assert content["latency_ms"]["encode"] == {"p50": None, "p95": 1.0}


def test_another_set_of_offline_runs_is_refused() -> None:
    with pytest.raises(InputError, match=r"offline runs.*deepsort"):
        replace(summary(), offline={"colour": scores()})


def test_an_impossible_place_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"summary\.json"):
        write_summary(tmp_path / "file" / "summary.json", summary())
