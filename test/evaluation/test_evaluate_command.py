"""`reobj evaluate retrieval` over a few small views: its files, and its errors."""

from __future__ import annotations

import csv
import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tiny_store import write_model, write_views
from typer.testing import CliRunner, Result

from reobj.cli import app
from reobj.evaluation.embed_store import views_of
from reobj.evaluation.retrieval_index import read_index
from reobj.views.store import ViewStore

PROTOCOLS = ("cross-scene", "same-scene-same-class")


class Page(HTMLParser):
    """The elements of a page, and the text of its cells row by row."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self._open = False
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self._open = True

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._open:
            self.rows[-1][-1] += data

    def tiles(self, kind: str) -> int:
        return sum(tag == "figure" and dict(a).get("class") == f"tile{kind}" for tag, a in self.elements)


def evaluate(*arguments: object) -> Result:
    command = ["evaluate", "retrieval", *map(str, arguments), "--device", "cpu"]
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, command)


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_views(tmp_path_factory.mktemp("evaluated") / "views")


@pytest.fixture(scope="module")
def done(views: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A run of two models over both protocols, with the DeepSORT row: its folder and its output."""
    folder = tmp_path_factory.mktemp("models")
    models = [write_model(folder / name, name, seed) for seed, name in enumerate(("one", "two"))]
    out = folder / "out"
    result = evaluate(*models, "--views", views, "--out", out, "--deepsort", models[0])
    assert result.exit_code == 0, result.output
    return out, result.output


def lines_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_it_writes_table_breakdown_plots_questions_and_page(done: tuple[Path, str]) -> None:
    names = {f"{what}-{protocol}" for protocol in PROTOCOLS for what in ("cmc", "index")}
    assert {path.stem for path in done[0].iterdir()} == {"retrieval", "breakdown", *names}
    assert (done[0] / "cmc-cross-scene.png").read_bytes().startswith(b"\x89PNG")


def test_the_csv_has_the_rows_that_were_printed(done: tuple[Path, str]) -> None:
    out, printed = done
    measured = [line for line in lines_of(out / "retrieval.csv") if line["source"] == "measured"]
    assert [(line["protocol"], line["name"]) for line in measured] == [
        *((protocol, name) for protocol in PROTOCOLS for name in ("one", "two")),
        ("image pairs", "DeepSORT, one"),
    ]
    table = [row.split() for row in printed.splitlines()]
    for line in measured[:4]:
        figures = [f"{float(line[name]):.2f}" for name in ("rank-1", "rank-5", "mAP", "mINP")]
        assert any(row[:1] == [line["name"]] and set(figures) <= set(row) for row in table)


def test_the_gap_that_was_used_is_said(done: tuple[Path, str]) -> None:
    assert "more than 1.67 s apart" in done[1]
    assert "36 of 36 stored views" in done[1]  # 2 s apart


def test_the_papers_figures_stand_apart_and_are_called_theirs(done: tuple[Path, str]) -> None:
    page = Page(done[0] / "retrieval.html")
    classes = [attributes.get("class") for tag, attributes in page.elements if tag == "table"]
    assert classes.count("measured") == 2
    assert classes[-1] == "theirs"
    assert any(row[0].startswith("re-OBJ, concat") and row[1] == "77.85" for row in page.rows)


def test_the_page_shows_the_figures_of_the_csv(done: tuple[Path, str]) -> None:
    page = Page(done[0] / "retrieval.html")
    for line in lines_of(done[0] / "retrieval.csv")[:4]:
        expected = [f"{float(line[name]):.2f}" for name in ("rank-1", "rank-5", "rank-10")]
        assert any(row[0].startswith(line["name"]) and row[1:4] == expected for row in page.rows)


def test_the_page_frames_matches_and_shows_where_each_network_looked(done: tuple[Path, str]) -> None:
    page = Page(done[0] / "retrieval.html")
    examples = sum(tag == "article" for tag, _ in page.elements)
    assert examples > 0
    assert page.tiles(" right") > 0 and page.tiles(" wrong") > 0
    assert page.tiles(" right") + page.tiles(" wrong") == examples * 2 * 5  # models, views each
    assert page.tiles("") == examples * (1 + 2 * 2)  # the query, and two streams of each model


def test_the_page_needs_nothing_but_itself(done: tuple[Path, str]) -> None:
    page = Page(done[0] / "retrieval.html")
    links = [a.get("src") or a.get("href") for _, a in page.elements if "src" in a or "href" in a]
    assert links and all(str(link).startswith("data:") for link in links)


def test_published_questions_can_be_asked_again(done: tuple[Path, str], views: Path, tmp_path: Path) -> None:
    index = done[0] / "index-same-scene-same-class.json"
    every = views_of(ViewStore(views).table)
    assert len(read_index(index, every).blocks) == 3
    model = write_model(tmp_path / "one", "one")
    result = evaluate(model, "--views", views, "--out", tmp_path / "out", "--index", index)
    assert result.exit_code == 0, result.output
    before, after = (lines_of(folder / "retrieval.csv") for folder in (done[0], tmp_path / "out"))
    assert after[0] == next(line for line in before if line["protocol"] == PROTOCOLS[1])


def test_folds_give_mean_and_spread(views: Path, tmp_path: Path) -> None:
    folds = tmp_path / "folds.json"
    folds.write_text(json.dumps({"folds": [{"scenes": [f"room{n}"]} for n in range(3)]}))
    model = write_model(tmp_path / "one", "one")
    options = ("--folds", folds, "--rerank", "--multiple", "--protocol", "cross-scene")
    result = evaluate(model, "--views", views, "--out", tmp_path / "out", *options)
    assert result.exit_code == 0, result.output
    line = lines_of(tmp_path / "out" / "retrieval.csv")[0]
    assert line["folds"] == "3" and line["queries"] == "9"  # one per object
    assert float(line["rank-1 spread"]) >= 0
    assert "k-reciprocal" in result.output and "Multiple query" in result.output


def test_no_question_left_is_a_sentence(views: Path, tmp_path: Path) -> None:
    model = write_model(tmp_path / "one", "one")
    result = evaluate(model, "--views", views, "--out", tmp_path / "out", "--min-gap", 100)
    assert "views of 3 scenes: expected objects seen twice" in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_views_of_another_version_are_refused(views: Path, tmp_path: Path) -> None:
    other = tmp_path / "views"
    other.mkdir()
    index = json.loads((views / "views.json").read_text())
    (other / "views.json").write_text(json.dumps({**index, "version": 99}))
    result = evaluate(write_model(tmp_path / "one", "one"), "--views", other, "--out", tmp_path / "out")
    assert "version" in str(result.exception) and "99" in str(result.exception)


def test_weights_of_another_architecture_are_refused(views: Path, tmp_path: Path) -> None:
    model = write_model(tmp_path / "one", "one")
    card = json.loads((model / "model.json").read_text())
    card["options"]["widths"] = [16, 16]
    (model / "model.json").write_text(json.dumps(card))
    result = evaluate(model, "--views", views, "--out", tmp_path / "out")
    assert "model.safetensors" in str(result.exception)


def test_an_unknown_protocol_is_refused(views: Path, tmp_path: Path) -> None:
    result = evaluate("one", "--views", views, "--out", tmp_path / "out", "--protocol", "easy")
    assert result.exit_code == 2
    assert "same-scene-same-class" in result.output


def test_folds_that_differ_are_refused(views: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cv"
    for number in range(2):
        write_model(folder / f"fold{number}")
    (folder / "folds.json").write_text(json.dumps({"folds": [{"scenes": ["room0"]}, {"scenes": ["room1"]}]}))
    other = tmp_path / "folds.json"
    other.write_text(json.dumps({"folds": [{"scenes": ["room1"]}, {"scenes": ["room0"]}]}))
    result = evaluate(folder, "--views", views, "--out", tmp_path / "out", "--folds", other)
    assert "folds of the models: expected the same scenes" in str(result.exception)
