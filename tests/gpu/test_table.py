"""README's tables of a GPU are those of the published report and records."""

from __future__ import annotations

from pathlib import Path

from tests.gpu.table import clusterings_table, rows_table

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")


def test_readme_holds_what_the_published_report_says() -> None:
    assert f"\n{rows_table()}\n" in README


def test_readme_holds_the_seconds_of_the_published_records() -> None:
    assert f"\n{clusterings_table()}\n" in README
