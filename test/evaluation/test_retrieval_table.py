import csv
from pathlib import Path

import pytest

from reobj.evaluation.paper_figures import PAPER_ROWS
from reobj.evaluation.retrieval import MeanSpread, RetrievalScores
from reobj.evaluation.retrieval_table import (
    FIGURES,
    BreakdownRow,
    TableRow,
    cell,
    paper_rows,
    write_breakdown_csv,
    write_table_csv,
)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_csv_says_what_the_table_says(tmp_path: Path) -> None:
    figures = {"rank-1": MeanSpread(0.5, 0.015), "mAP": MeanSpread(1 / 3, None)}
    row = TableRow("small, ours", "concat", "cross-scene", "measured", figures, 3, 40, 2)
    write_table_csv(tmp_path / "t.csv", [row, *paper_rows(PAPER_ROWS)])
    lines = read(tmp_path / "t.csv")
    assert lines[0]["name"] == "small, ours"
    assert (lines[0]["rank-1"], lines[0]["rank-1 spread"]) == ("50.0000", "1.5000")
    assert (lines[0]["mAP"], lines[0]["mAP spread"], lines[0]["rank-5"]) == ("33.3333", "", "")
    assert (lines[0]["folds"], lines[0]["queries"], lines[0]["without_positive"]) == ("3", "40", "2")
    assert {line["source"] for line in lines[1:]} == {row.source for row in PAPER_ROWS}
    assert all(line["protocol"] == "not published" and line["queries"] == "" for line in lines[1:])


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (MeanSpread(0.77854, None), "77.85"), (MeanSpread(1.0, 0.0123), "100.00 ± 1.23")],
)
def test_a_cell_is_percent_with_two_decimals(value: MeanSpread | None, text: str) -> None:
    assert cell(value) == text


def test_the_papers_rows_are_those_of_their_tables() -> None:
    rows = {row.method: row for row in PAPER_ROWS}
    assert rows["re-OBJ, concat"].ranks == pytest.approx({1: 0.7785, 5: 0.9155, 20: 0.9836, 50: 0.998})
    assert rows["ViT attention, concat"].ranks[1] == pytest.approx(0.8389)
    assert rows["DeepSORT"].ranks == pytest.approx({1: 0.496})
    assert rows["OSNet"].ranks[10] == pytest.approx(0.89)
    assert all(set(row.figures()) <= set(FIGURES) for row in PAPER_ROWS)


def test_a_breakdown_has_a_line_per_model_and_bin(tmp_path: Path) -> None:
    scores = RetrievalScores({1: 0.25, 5: 1.0, 10: 1.0, 20: 1.0, 50: 1.0}, 0.5, None, 8, 0)
    rows = [BreakdownRow(name, "full", "cross-scene", "class", "chair", scores) for name in ("a", "b")]
    write_breakdown_csv(tmp_path / "b.csv", rows)
    lines = read(tmp_path / "b.csv")
    assert [line["name"] for line in lines] == ["a", "b"]
    assert (lines[0]["bin"], lines[0]["rank-1"], lines[0]["mINP"], lines[0]["queries"]) == (
        "chair",
        "25.0000",
        "",
        "8",
    )
