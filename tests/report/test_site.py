"""The pages stand alone, link to records, and escape what came from data."""

from __future__ import annotations

import base64
import builtins
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from harness.errors import BackendError, StoreError
from harness.metrics.counts import number
from harness.project import Project
from harness.report import write_report
from harness.threads import usable_cores
from tests.cli.project import DATA_TABLE, SUITE, Cli


class _Links(HTMLParser):
    """Collects links, anchors and tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name in ("href", "src") and value is not None:
                self.links.append(value)
            if name == "id" and value is not None:
                self.ids.add(value)


def _site(cli: Cli) -> Path:
    project = Project.find(cli.folder)
    return write_report(project, project.suites(["toy"]), Path("runs"), Path("site")).parent


def _curves(cli: Cli, values: dict[str, tuple[float, float, float]], title: str = "Toy | suite") -> None:
    """Give the suite a family of thresholds, and every record of a named row its scores."""
    metrics = ("ap50.gonuclear", "ap75.gonuclear", "ap95.gonuclear")
    text = SUITE.replace('"count.pred"]', f'"count.pred", {", ".join(map(repr, metrics))}]')
    (cli.folder / "suites" / "toy.toml").write_text(text.replace("Toy | suite", title).replace("Otsu", title))
    cli.fake_records()

    def scored(line: dict[str, Any]) -> dict[str, Any]:
        if line["row"] in values:
            scores = dict(zip(metrics, values[line["row"]], strict=True))
            return {**line, "metrics": {**line["metrics"], **scores}}
        error = {"type": "ValueError", "message": "broke", "stage": ""}
        return {**line, "status": "exception", "error": error, "metrics": {}}

    cli.rewrite(scored)


def _pictures(page: Path) -> list[str]:
    start = "data:image/svg+xml;base64,"
    text = page.read_text(encoding="utf-8")
    assert text.count("<img") == text.count(f'<img src="{start}')
    assert text.count("<script") == text.count('<script src="assets/') + text.count("<script>\ntry {") + text.count(
        '<script type="application/json" id="points">'
    )
    sources = [link for link in _Links(text).links if link.startswith(start)]
    return [base64.b64decode(source.removeprefix(start)).decode("utf-8") for source in sources]


def test_a_suite_with_curves_shows_them_below_the_table_and_links_their_files(cli: Cli) -> None:
    _curves(cli, {"truth": (1.0, 1.0, 1.0)})
    site = _site(cli)
    page = site / "toy-v1-smoke.html"
    text = page.read_text(encoding="utf-8")
    records = "records/toy/v1/smoke"
    assert _pictures(page) == [(site / records / "curve-gonuclear.svg").read_text(encoding="utf-8")]
    assert text.index("</table>") < text.index("<figure>") < text.index("<h2>Files</h2>")
    assert "line: mean over samples, n = 2; band: mean ± sd (ddof = 1)" in text
    assert "not drawn, no scores: Toy | suite (2 failed)" in text
    assert {f"{records}/curve-gonuclear.svg", f"{records}/curve.csv"} <= set(_Links(text).links)
    assert "ap75.gonuclear,0.75,samples,2,0,1.0,0.0,1" in (site / records / "curve.csv").read_text(encoding="utf-8")


def test_pictures_hold_no_markup_from_data(cli: Cli) -> None:
    hostile = "<script>alert(1)</script>"
    _curves(cli, {"truth": (1.0, 1.0, 1.0), "otsu": (0.5, 0.25, 0.0)}, title=hostile)
    page = _site(cli) / "toy-v1-smoke.html"
    assert all(hostile not in text for text in (page.read_text(encoding="utf-8"), *_pictures(page)))


def test_without_any_score_there_is_no_figure(cli: Cli) -> None:
    _curves(cli, {})
    site = _site(cli)
    assert "<figure>" not in (site / "toy-v1-smoke.html").read_text(encoding="utf-8")
    assert not list(site.rglob("*.svg"))


def test_every_link_leads_somewhere_in_the_report(cli: Cli) -> None:
    cli.fake_records()
    site = _site(cli).resolve()
    pages = {path: _Links(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    assert {path.name for path in pages if path.parent == site} == {
        "index.html", "status.html", "toy-v1-smoke.html", "toy-v1-smoke-records.html",
    }  # fmt: skip
    assert {path.name for path in pages if "samples" in path.parts} == {"blobs-a.html", "blobs-b.html"}
    for page, found in pages.items():
        assert "iframe" not in found.tags
        for link in found.links:
            target, _, anchor = link.partition("#")
            place = (page.parent / unquote(target)).resolve() if target else page
            assert place.is_file(), f"{page}: {link}"
            assert "=" in anchor or not anchor or anchor in pages[place].ids, f"{page}: {link}"
    names = {path.name: found for path, found in pages.items()}
    assert "records/toy/v1/smoke/scores.jsonl" in names["toy-v1-smoke.html"].links
    copied = (site / "records" / "toy" / "v1" / "smoke" / "scores.jsonl").read_text()
    assert copied == cli.store().scores_path.read_text()


def test_strings_from_data_are_escaped(cli: Cli) -> None:
    hostile = "<script>alert(1)</script>"
    (cli.folder / "suites" / "toy.toml").write_text(SUITE.replace("Toy | suite", hostile).replace("Otsu", hostile))
    cli.fake_records()
    error = {"type": "ValueError", "message": hostile, "stage": hostile}
    cli.rewrite(lambda line: {**line, "status": "exception", "error": error} if line["sample"] == "b" else line)
    for page in (page for page in _site(cli).rglob("*.html") if "metrics" not in page.parts):
        text = page.read_text(encoding="utf-8")
        assert hostile not in text
        assert "&lt;script&gt;" in text or "records" in page.name


def test_failures_stand_above_the_table_and_the_tier_is_named(cli: Cli) -> None:
    cli.fake_records()
    error = {"type": "ValueError", "message": "broke", "stage": "otsu"}
    cli.rewrite(lambda line: {**line, "status": "exception", "error": error} if line["row"] == "otsu" else line)
    site = _site(cli)
    text = (site / "toy-v1-smoke.html").read_text(encoding="utf-8")
    assert text.index("<h2>Failures</h2>") < text.index("<table")
    assert "no reproduction and gets no verdict" in text
    assert ">open<" in text
    assert re.search(r"2 failed", (site / "index.html").read_text(encoding="utf-8"))


def test_facts_of_a_data_table_say_where_they_come_from(cli: Cli) -> None:
    (cli.folder / "suites" / "facts.toml").write_text(DATA_TABLE + 'conflict = { count = "4 <elsewhere>" }\n')
    assert cli("run", "facts")[0] == 0
    project = Project.find(cli.folder)
    site = write_report(project, project.suites(["facts"]), Path("runs"), Path("site")).parent
    text = (site / "facts-v1-smoke.html").read_text(encoding="utf-8")
    stored = cli.folder / "runs" / "facts" / "v1" / "smoke" / "facts.jsonl"
    assert "dataset blobs, sample a, label gold" in text
    assert "4 &lt;elsewhere&gt;" in text
    assert "records/facts/v1/smoke/facts.jsonl" in _Links(text).links
    assert (site / "records" / "facts" / "v1" / "smoke" / "facts.jsonl").read_text() == stored.read_text()


def test_suites_without_records_are_listed(cli: Cli) -> None:
    assert "no records" in (_site(cli) / "index.html").read_text(encoding="utf-8")


def test_a_folder_that_is_no_report_is_left_alone(cli: Cli) -> None:
    cli.fake_records()
    Path("site").mkdir()
    Path("site/thesis.txt").write_text("mine")
    with pytest.raises(StoreError, match="site: holds files that are no report of ours"):
        _site(cli)
    assert [path.name for path in Path("site").iterdir()] == ["thesis.txt"]
    Path("site/thesis.txt").unlink()
    assert _site(cli) == Path("site")
    assert _site(cli) == Path("site"), "an older report is written over"


@pytest.mark.parametrize("library", ["jinja2", "matplotlib"])
def test_without_a_library_the_install_line_is_given(cli: Cli, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _curves(cli, {"truth": (1.0, 1.0, 1.0)})
    real = builtins.__import__

    def refuse(name: str, *arguments: Any, **options: Any) -> Any:
        if name.partition(".")[0] == library:
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(BackendError, match=rf"{library}.*pip install '\.\[report\]'"):
        _site(cli)


def test_objects_are_shown_by_class_of_error(cli: Cli) -> None:
    cli("run", "toy")
    text = (_site(cli) / "toy-v1-smoke.html").read_text(encoding="utf-8")
    assert "<h2>What became of the objects</h2>" in text
    assert text.index("</table>") < text.index("What became of the objects") < text.index("<h2>Files</h2>")
    both = sum(number(one.counts, "objects.truth") for one in cli.store().records() if one.row == "truth")
    assert f'<i style="flex-grow: {both}; background: rgb(60, 180, 75)" title="correct: {both}"></i>' in text


def test_records_without_classes_show_no_objects(cli: Cli) -> None:
    cli.fake_records()
    assert "What became of the objects" not in (_site(cli) / "toy-v1-smoke.html").read_text(encoding="utf-8")


@pytest.mark.skipif(
    sys.platform != "linux" or usable_cores() < 2, reason="a second process needs Linux and another core"
)
def test_what_a_second_process_writes_is_the_same_byte_for_byte(cli: Cli) -> None:
    assert cli("run", "toy")[0] == 0
    code = """
from pathlib import Path
from harness.beside import can_work_beside
from harness.project import Project
from harness.report import samples, site, write_report
assert can_work_beside()
samples.MOST_SAMPLES = site.MOST_SAMPLES = 1
for many, name in ((10**9, "alone"), (1, "beside")):
    site.MANY_RECORDS = many
    project = Project.find(Path.cwd())
    write_report(project, project.suites(["toy"]), Path("runs"), Path(name))
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
    alone, other = (
        {path.relative_to(name).as_posix(): path.read_bytes() for path in Path(name).rglob("*") if path.is_file()}
        for name in ("alone", "beside")
    )
    assert alone == other
    assert {"samples/toy/v1/smoke/blobs-b.html", "records/toy/v1/smoke/index.js"} <= set(alone)


def test_a_report_of_every_suite_has_a_page_on_where_everything_stands(cli: Cli) -> None:
    cli.fake_records()
    site = _site(cli)
    page = (site / "status.html").read_text(encoding="utf-8")
    assert "suite toy" in page
    assert "recorded" in page
    assert "status.html" in _Links((site / "index.html").read_text(encoding="utf-8")).links
    (cli.folder / "suites" / "facts.toml").write_text(DATA_TABLE)
    project = Project.find(cli.folder)
    part = write_report(project, project.suites(["toy"]), Path("runs"), Path("part"))
    assert not (part.parent / "status.html").exists()
    assert "status.html" not in part.read_text(encoding="utf-8")
