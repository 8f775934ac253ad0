import re
import shutil
import subprocess
from dataclasses import fields, replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from reobj.errors import StorageError
from reobj.evaluation.identity import IdentityScores
from reobj.evaluation.latency import Percentiles
from reobj.visual.images import encode_jpeg
from reobj.visual.reid_pictures import ReidPicture, View
from reobj.visual.report import Picture, ReportData, Run, installed_versions, write_report
from reobj.visual.timeline import Bar, Row, draw_timeline
from reobj.visual.top_view import TopViewObject, draw_top_view

NASTY = "<img src=x onerror=alert(1)> & \"quoted\" 'text'"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def scores(value: float | None, count: int) -> IdentityScores:
    kinds = {f.name: f.type for f in fields(IdentityScores)}
    return IdentityScores(**{name: count if kind == "int" else value for name, kind in kinds.items()})


def data() -> ReportData:
    jpeg = encode_jpeg(np.full((40, 60, 3), 120, np.uint8), 60)
    view = View(jpeg, 0, 100.0)
    pictures = [
        ReidPicture(7, "chair", 65_000_000_000, 0.91, True, 3, view, view),
        ReidPicture(8, "cup", 4_200_000_000, 0.5, False, 0, view, view),
        ReidPicture(9, "tv", 5_000_000_000, 0.7, None, 1, view, view),
    ]
    return ReportData(
        title="Which chair?",
        scan="office",
        frames=300,
        duration_s=125,
        objects_true=20,
        runs=[Run("live", "all nodes", scores(0.9, 4)), Run("deepsort", "tracks alone", scores(None, 9))],
        frames_dropped=3,
        latency_ms={"detect": Percentiles(2.0, 4.0), "encode": Percentiles(8.0, 16.0)},
        reidentifications=pictures,
        strip=[Picture(jpeg, "after 5 s")],
        top_view=draw_top_view([TopViewObject(7, "chair", np.zeros(3))]),
        timeline=draw_timeline({7: Row("chair", [Bar(0, 10**9)])}),
        command="make demo",
        versions={"numpy": "2.0"},
    )


class Page(HTMLParser):
    """What is on a page: its elements and its visible text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page_of(tmp_path: Path, content: ReportData) -> Page:
    write_report(tmp_path / "report.html", content)
    return Page(tmp_path / "report.html")


def test_nothing_is_loaded_from_elsewhere(tmp_path: Path) -> None:
    page = page_of(tmp_path, data())
    for _, attributes in page.elements:
        for name in ("src", "href", "srcset", "poster", "data"):
            assert (attributes.get(name) or "data:").startswith("data:")
    source = (tmp_path / "report.html").read_text()
    assert not re.findall(r"url\(|@import|<script|https?://(?!www\.w3\.org/2000/svg)", source)


def test_every_picture_has_an_alternative_text(tmp_path: Path) -> None:
    page = page_of(tmp_path, data())
    assert len(page.all("img")) == 7
    assert all(image.get("alt") for image in page.all("img"))
    assert all(svg.get("aria-label") for svg in page.all("svg"))


def test_all_text_is_escaped(tmp_path: Path) -> None:
    jpeg = encode_jpeg(np.zeros((9, 9, 3), np.uint8), 9)
    plain = page_of(tmp_path, data())
    content = replace(
        data(),
        title=NASTY,
        scan=NASTY,
        command=NASTY,
        versions={NASTY: NASTY},
        runs=[Run(NASTY, NASTY, scores(0.9, 4)), Run(NASTY, NASTY, scores(None, 9))],
        strip=[Picture(jpeg, NASTY)],
        latency_ms={NASTY: Percentiles(1, 2), "encode": Percentiles(1, 2)},
        reidentifications=[replace(each, label=NASTY) for each in data().reidentifications],
        timeline=draw_timeline({7: Row(NASTY, [Bar(0, 10**9)])}),
        top_view=draw_top_view([TopViewObject(7, NASTY, np.zeros(3))]),
    )
    page = page_of(tmp_path, content)
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in plain.elements]
    assert page.text.count(NASTY) > 10


def test_a_plain_string_in_place_of_a_drawing_is_escaped(tmp_path: Path) -> None:
    page = page_of(tmp_path, replace(data(), top_view="<script>1</script>"))  # type: ignore[arg-type]
    assert not page.all("script")


def test_the_numbers_are_there_and_what_is_not_known_is_a_dash(tmp_path: Path) -> None:
    text = page_of(tmp_path, data()).text
    for expected in ("90.0 %", "2 min 05 s", "20 true objects", "3 frames dropped", "8.0 · 16.0 ms", "–"):
        assert expected in text
    assert "None" not in text
    assert "nan" not in text


def test_right_wrong_and_unknown_pictures_say_so(tmp_path: Path) -> None:
    text = page_of(tmp_path, data()).text
    for expected in (
        "✓ right",
        "✗ wrong",
        "truth not known",
        "1 min 05 s later",
        "4.2 s later",
        "91.0 % sure",
    ):
        assert expected in text
    assert "among 3 others called “chair”" in text
    assert "among 1 other called “tv”" in text


def test_the_better_run_of_each_column_is_marked(tmp_path: Path) -> None:
    page = page_of(tmp_path, data())
    cells = page.all("td")
    # the second run has no ratios and more switches, ids and duplicates than the first
    assert [cell.get("class") for cell in cells[8:]] == [None] * 8
    assert [cell.get("class") for cell in cells[:8]].count("best") == 3


def test_a_page_without_anything_to_show_is_written(tmp_path: Path) -> None:
    page = page_of(tmp_path, ReportData("Empty", "scan", 0, 0, 0, []))
    assert not page.all("img")
    assert not page.all("table")


def test_a_place_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"report\.html"):
        write_report(tmp_path / "file" / "report.html", data())


def test_versions_of_packages_that_are_not_installed_are_left_out() -> None:
    assert installed_versions(["numpy", "no-such-package-here"]) == {"numpy": np.__version__}


def browser_log(page: Path, profile: Path) -> tuple[str, str]:
    """The page's elements after loading, and what the browser logged."""
    flags = (
        "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
        "--disable-background-networking --disable-component-update --disable-sync "
        "--enable-logging=stderr --dump-dom"
    )
    command = [str(CHROMIUM), *flags.split(), f"--user-data-dir={profile}", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, done.stderr


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed here")
def test_a_real_browser_shows_the_page_without_an_error(tmp_path: Path) -> None:
    write_report(tmp_path / "report.html", data())
    elements, log = browser_log(tmp_path / "report.html", tmp_path / "profile")
    assert "<h1>Which chair?</h1>" in elements
    assert "CONSOLE" not in log


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed here")
def test_an_error_on_a_page_would_be_noticed(tmp_path: Path) -> None:
    (tmp_path / "bad.html").write_text('<img src="missing.png"><script>nothing()</script>')
    assert "CONSOLE" in browser_log(tmp_path / "bad.html", tmp_path / "profile")[1]
