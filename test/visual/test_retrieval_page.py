from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from reobj.errors import InputError
from reobj.evaluation.retrieval import MeanSpread, RetrievalScores
from reobj.evaluation.retrieval_table import BreakdownRow, TableRow
from reobj.visual.cmc_plot import cmc_figure, cmc_svg, write_cmc_png
from reobj.visual.images import encode_jpeg
from reobj.visual.retrieval_page import (
    Example,
    Line,
    ProtocolSection,
    RetrievalPage,
    Tile,
    write_retrieval_page,
)

NASTY = "<script>alert(1)</script> & \"quoted\" 'text'"
JPEG = encode_jpeg(np.full((8, 8, 3), 90, np.uint8), 8)


class Elements(HTMLParser):
    """Elements with their attributes, and all text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.text.append(data.strip())


def page() -> RetrievalPage:
    row = TableRow(NASTY, "concat", "cross-scene", "measured", {"rank-1": MeanSpread(0.5, 0.1)}, 3, 12, 0)
    scores = RetrievalScores({1: 0.75, 5: 1.0, 10: 1.0, 20: 1.0, 50: 1.0}, 0.5, 0.5, 8, 0)
    bins = [
        BreakdownRow(NASTY, "concat", "cross-scene", kind, f"{kind} {NASTY}", scores)
        for kind in ("gap", "class")
    ]
    tiles = [Tile(JPEG, "chair 2", False), Tile(JPEG, "chair 1", True)]
    example = Example(NASTY, Tile(JPEG, "asked"), [Line("m", 2, tiles, [Tile(JPEG, "background")])])
    plot = cmc_svg(cmc_figure("cross-scene", {"m": np.linspace(0.5, 1, 50)}))
    theirs = TableRow("re-OBJ", "full", "", "a paper", {"rank-1": MeanSpread(0.6075, None)})
    section = ProtocolSection("cross-scene", [row], plot, bins, [example])
    return RetrievalPage("Which one?", ["a note"], [section], [theirs], "reobj evaluate", {"numpy": "2"})


@pytest.fixture
def elements(tmp_path: Path) -> Elements:
    write_retrieval_page(tmp_path / "p.html", page())
    return Elements(tmp_path / "p.html")


def test_right_matches_are_framed_green_and_wrong_ones_red(elements: Elements) -> None:
    frames = [a["class"] for tag, a in elements.found if tag == "figure"]
    assert frames == ["tile", "tile wrong", "tile right", "tile"]
    pictures = [a["alt"] for tag, a in elements.found if tag == "img"]
    assert pictures[1:] == ["asked", "chair 2, wrong", "chair 1, right", "background"]


def test_text_is_text(elements: Elements) -> None:
    assert not [tag for tag, _ in elements.found if tag == "script"]
    assert elements.text.count(NASTY) == 4  # row, two breakdowns, example


def test_figures_with_their_spread_and_breakdowns_by_class_first(elements: Elements) -> None:
    assert "50.00 ± 10.00" in elements.text
    assert "60.75" in elements.text
    headings = [text for text in elements.text if text.endswith(": rank-1")]
    assert headings == ["By class: rank-1", "By time between the views: rank-1"]
    assert elements.text.count("75.0") == 2


def test_an_empty_comparison_is_a_page_too(tmp_path: Path) -> None:
    write_retrieval_page(tmp_path / "p.html", RetrievalPage("Nothing", [], []))
    assert "Nothing" in Elements(tmp_path / "p.html").text


def test_the_plot_has_a_line_per_model_in_percent() -> None:
    curves = {"a": np.array([0.25, 0.5]), "b": np.array([1.0, 1.0])}
    lines = cmc_figure("t", curves).axes[0].get_lines()
    assert [line.get_label() for line in lines] == ["a", "b"]
    np.testing.assert_allclose(lines[0].get_xydata(), [[1, 25], [2, 50]])


def test_equal_curves_give_equal_files(tmp_path: Path) -> None:
    curves = {"a": np.array([0.25, 0.5])}
    assert cmc_svg(cmc_figure("t", curves)) == cmc_svg(cmc_figure("t", curves))
    write_cmc_png(tmp_path / "c.png", cmc_figure("t", curves))
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")


def test_no_curve_is_an_error() -> None:
    with pytest.raises(InputError, match="curves: expected at least one, got none"):
        cmc_figure("t", {})
