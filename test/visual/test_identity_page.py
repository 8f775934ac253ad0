from pathlib import Path

import numpy as np
import pytest

from reobj.errors import InputError
from reobj.evaluation.calibration_error import reliability
from reobj.evaluation.identity_tables import TextTable
from reobj.visual.cmc_plot import cmc_svg
from reobj.visual.identity_page import FailureSection, IdentityPage, write_identity_page
from reobj.visual.identity_pictures import Failure
from reobj.visual.identity_plot import reliability_figure
from reobj.visual.images import encode_jpeg, jpeg_uri

NASTY = "<script>alert(1)</script>"
NOW, OTHER = (encode_jpeg(np.full((8, 8, 3), grey, np.uint8), 8) for grey in (20, 220))
BINS = reliability(np.array([0.9, 0.8]), np.array([True, False]))


def failure(other: bytes | None) -> Failure:
    terms = (("appearance", 2.25, -1.0), ("prior", None, 0.5))
    return Failure(
        "s", 1.5, "MATCH", f"#4 {NASTY}", "chair 7", 0.91, NOW, other, "before", "#4", "new", terms
    )


@pytest.fixture
def text(tmp_path: Path) -> str:
    table = TextTable(NASTY, ("run", "IDF1"), [[NASTY, "0.5"]], names=1)
    sections = [FailureSection(NASTY, [failure(OTHER), failure(None)])]
    plot = cmc_svg(reliability_figure({"ours": BINS}))
    write_identity_page(tmp_path / "p.html", IdentityPage("t", [NASTY], [table], plot, sections, NASTY))
    return (tmp_path / "p.html").read_text(encoding="utf-8")


def test_text_is_escaped(text: str) -> None:
    assert NASTY not in text
    assert text.count("&lt;script&gt;") >= 6


def test_a_failure_shows_both_pictures_and_the_evidence_of_both_candidates(text: str) -> None:
    assert text.count(jpeg_uri(NOW)) == 2
    assert text.count(jpeg_uri(OTHER)) == 1
    assert "+2.2</td><td>-1.0" in text  # rounded half to even
    assert "-</td><td>+0.5" in text


def test_the_page_needs_nothing_from_elsewhere(text: str) -> None:
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert "https://" not in text


def test_a_plot_without_runs_is_refused() -> None:
    with pytest.raises(InputError, match="runs"):
        reliability_figure({})


def test_a_table_in_markdown_has_names_left_and_figures_right() -> None:
    table = TextTable("t", ("run", "IDF1"), [["a", "0.5"]], names=1)
    assert table.markdown() == "| run | IDF1 |\n| --- | ---: |\n| a | 0.5 |\n"
