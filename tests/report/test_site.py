"""The pages stand alone, link to records, and escape what came from data."""

from __future__ import annotations

import builtins
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from harness.datasets import load_catalogue
from harness.errors import BackendError
from harness.report import write_report
from harness.suite import load_suite
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
    return write_report([load_suite("toy")], Path("results"), Path("site"), load_catalogue()).parent


def test_every_link_leads_somewhere_in_the_report(cli: Cli) -> None:
    cli.fake_records()
    site = _site(cli)
    pages = {page.name: _Links(page.read_text(encoding="utf-8")) for page in site.glob("*.html")}
    assert set(pages) == {"index.html", "toy-v1-smoke.html"}
    for name, page in pages.items():
        assert not page.tags & {"script", "link", "img", "iframe"}
        for link in page.links:
            target, _, anchor = link.partition("#")
            assert (site / (target or name)).is_file(), link
            assert not anchor or anchor in pages[target or name].ids, link
    assert "records/toy/v1/smoke/scores.jsonl" in pages["toy-v1-smoke.html"].links
    copied = (site / "records" / "toy" / "v1" / "smoke" / "scores.jsonl").read_text()
    assert copied == cli.store().scores_path.read_text()


def test_strings_from_data_are_escaped(cli: Cli) -> None:
    hostile = "<script>alert(1)</script>"
    (cli.folder / "suites" / "toy.toml").write_text(SUITE.replace("Toy | suite", hostile).replace("Otsu", hostile))
    cli.fake_records()
    error = {"type": "ValueError", "message": hostile, "stage": hostile}
    cli.rewrite(lambda line: {**line, "status": "exception", "error": error} if line["sample"] == "b" else line)
    for page in _site(cli).glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "<script" not in text
        assert "&lt;script&gt;" in text


def test_failures_stand_above_the_table_and_the_tier_is_named(cli: Cli) -> None:
    cli.fake_records()
    error = {"type": "ValueError", "message": "broke", "stage": "otsu"}
    cli.rewrite(lambda line: {**line, "status": "exception", "error": error} if line["row"] == "otsu" else line)
    site = _site(cli)
    text = (site / "toy-v1-smoke.html").read_text(encoding="utf-8")
    assert text.index("<h2>Failures</h2>") < text.index("<table>")
    assert "no reproduction and gets no verdict" in text
    assert "undecided" in text
    assert re.search(r"2 failed", (site / "index.html").read_text(encoding="utf-8"))


def test_facts_of_a_data_table_say_where_they_come_from(cli: Cli) -> None:
    (cli.folder / "suites" / "facts.toml").write_text(DATA_TABLE + 'conflict = { count = "4 <elsewhere>" }\n')
    assert cli("run", "facts")[0] == 0
    site = write_report([load_suite("facts")], Path("results"), Path("site"), load_catalogue()).parent
    text = (site / "facts-v1-smoke.html").read_text(encoding="utf-8")
    stored = cli.folder / "results" / "facts" / "v1" / "smoke" / "facts.jsonl"
    assert "dataset blobs, sample a, label gold" in text
    assert "4 &lt;elsewhere&gt;" in text
    assert "records/facts/v1/smoke/facts.jsonl" in _Links(text).links
    assert (site / "records" / "facts" / "v1" / "smoke" / "facts.jsonl").read_text() == stored.read_text()


def test_suites_without_records_are_listed(cli: Cli) -> None:
    assert "no records" in (_site(cli) / "index.html").read_text(encoding="utf-8")


def test_without_jinja2_the_install_line_is_given(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *arguments: Any, **options: Any) -> Any:
        if name == "jinja2":
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(BackendError, match=r"pip install '\.\[report\]'"):
        _site(cli)
