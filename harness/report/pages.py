"""What a page shows, as plain values: the templates only lay it out and escape every string."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from harness.model import Tier
from harness.store import Code, StatementRecord
from harness.suite import Suite
from harness.tables import Printed
from harness.tables.errors import ErrorRow
from harness.tables.ranks import winner_words


@dataclass(frozen=True, slots=True)
class StatementView:
    """The facts of one row of a data table and where they come from, as text."""

    row: str
    source: str
    data: tuple[str, ...]
    notes: str
    commit: str
    key: str


@dataclass(frozen=True, slots=True)
class FigureView:
    """A figure: its title in one line, the picture, the lines below it, and where its file lies."""

    title: str
    svg: str
    caption: tuple[str, ...]
    file: str

    @property
    def source(self) -> str:
        """An address that holds the whole picture.

        So the page stands alone, and whatever the picture holds can neither run nor reach the styles and anchors of
        the page, as markup within the page could.
        """
        content = base64.b64encode(self.svg.encode("utf-8")).decode("ascii")
        return f"data:image/svg+xml;base64,{content}"


@dataclass(frozen=True, slots=True)
class PageNames:
    """What the pages of a suite on one tier are called; `records` is how many it has."""

    suite: Suite
    tier: Tier
    records: int

    @property
    def stem(self) -> str:
        """How the names of its files begin."""
        return f"{self.suite.id}-v{self.suite.version}-{self.tier}"

    @property
    def name(self) -> str:
        """File name of the page."""
        return f"{self.stem}.html"

    @property
    def records_page(self) -> str:
        """File name of the page of its records, "" if there are none."""
        return f"{self.stem}-records.html" if self.records else ""


@dataclass(frozen=True, slots=True)
class Page(PageNames):
    """The page of a suite on one tier: its table, and where its files lie relative to the page."""

    table: Printed
    files: tuple[str, ...]
    statements: tuple[StatementView, ...] = ()
    figures: tuple[FigureView, ...] = ()
    errors: tuple[ErrorRow, ...] = ()


def statement_view(record: StatementRecord) -> StatementView:
    """Return what the page says of the facts of a row."""
    source = ", ".join(f"{name} {_listed(value)}" for name, value in record.source.items())
    data = tuple(f"{name} {digest[:12]}" for name, digest in record.data.items())
    return StatementView(record.row, source, data, "; ".join(record.notes), _commit(record.code), record.key[:12])


def files_folder(kind: str, suite: Suite, tier: Tier) -> PurePosixPath:
    """Return where files of one kind ("records", "samples") of a suite's tier lie, relative to the pages."""
    return PurePosixPath(kind, suite.id, f"v{suite.version}", tier)


def suite_lines(pages: Mapping[str, Page], empty: tuple[Suite, ...]) -> list[tuple[str, tuple[str, ...]]]:
    """Return the lines of the first page: key and cells, those of suites without records last."""
    return [
        *(
            (name, (f"{page.suite.id} v{page.suite.version}, {page.tier}", page.table.heading, page.tier,
                    str(page.table.row_count), page.table.state, _first(page.table)))
            for name, page in pages.items()
        ),
        *(
            (f"empty {suite.id}", (f"{suite.id} v{suite.version}", _title(suite), "-",
                                   str(len(suite.rows)), "no records", "-"))
            for suite in empty
        ),
    ]  # fmt: skip


def _first(table: Printed) -> str:
    """Return which row is best by the primary metric, on each of several data sets, or that there are equals; or "-".

    Equals are not named: the page of the suite does.
    """
    said = (
        (words if words.startswith("best") else words.partition(":")[0], data) for words, data, _ in lead_lines(table)
    )
    return "; ".join(" on ".join(part for part in one if part) for one in said) or "-"


def lead_lines(table: Printed) -> list[tuple[str, str, str]]:
    """Return who is first by the primary metric and the suite's own aggregation, on which data, and how sure it is."""
    scores = table.scores
    if scores is None:
        return []
    return [
        (winner_words(one), one.dataset, f"{one.separable} of {one.pairs} neighbouring pairs are told apart")
        for one in scores.winners
        if (one.metric, one.aggregation) == (scores.primary, scores.aggregation)
    ]


def _title(suite: Suite) -> str:
    return f"{suite.title} ({suite.source})" if suite.source else suite.title


def _commit(code: Code) -> str:
    return f"{code.commit[:12] or 'unknown'}{' (changed)' if code.dirty else ''}"


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
