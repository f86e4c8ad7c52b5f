"""A page a sample: what every row made of it, the worst first, with the outlines of truth and prediction by layers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from harness.advisories import hits
from harness.project import Project
from harness.report.painting import Drawn, Painter, file_slug
from harness.report.records import record_key
from harness.standing import Standing
from harness.store import Record
from harness.tables.errors import COUNTS, SHOWN

if TYPE_CHECKING:
    from markupsafe import Markup

MOST_ROWS = 12
MOST_SAMPLES = 24
"""Of a suite's samples and their rows, the worst are drawn."""


@dataclass(frozen=True, slots=True)
class SampleHead:
    """A sample and the records that score it, the worst first; `worst` and `best` are the labels of first and last.

    `mean` is over the rows with a score that counts, NaN where none has one.
    """

    name: str
    page: PurePosixPath
    mean: float
    worst: str
    best: str
    records: tuple[Record, ...] = field(repr=False, hash=False)


class SampleRow(NamedTuple):
    """What a row made of a sample. A tuple, for a report has one for each record that it does not draw.

    value     its score on the primary metric, `score` with the name of that
    struck    the advisories by which its score counts no more, in words
    objects   how many of each class of error
    pictures  by layer, the address of its pictures with "*" for the number of the plane
    why       why there is no picture
    """

    row: str
    label: str
    value: str
    score: str
    key: str
    objects: Mapping[str, int]
    pictures: tuple[tuple[str, str], ...] = ()
    worst_plane: int = 0
    why: str = ""
    struck: str = ""


@dataclass(frozen=True, slots=True)
class SampleView:
    """A sample with its rows, the worst first; `planes` are those drawn, and `why` says why none is."""

    name: str
    page: PurePosixPath
    rows: tuple[SampleRow, ...]
    planes: tuple[int, ...] = ()
    why: str = ""

    @property
    def drawn(self) -> tuple[SampleRow, ...]:
        """Rows with pictures."""
        return tuple(row for row in self.rows if row.pictures)

    @property
    def others(self) -> tuple[SampleRow, ...]:
        """Rows without pictures."""
        return tuple(row for row in self.rows if not row.pictures)


def sample_heads(standing: Standing, folder: PurePosixPath) -> tuple[SampleHead, ...]:
    """Return the samples with scores, the worst first; `folder` is where their pages lie."""
    by_sample: dict[tuple[str, str], list[Record]] = {}
    for own in standing.rows.values():
        for record in own.scored:
            by_sample.setdefault((record.dataset, record.sample), []).append(record)
    primary, sign = standing.suite.primary, _sign(standing)
    with_means = [(_mean(standing, found), found) for found in by_sample.values()]
    with_means.sort(key=lambda one: _cost(one[0], sign))
    labels = _labels(standing)
    taken: set[str] = set()
    heads = []
    for mean, found in with_means:
        found.sort(key=lambda record: _cost(record.metrics.get(primary, math.nan), sign))
        first, last = found[0], found[-1]
        name = f"{first.dataset}/{first.sample}"
        page = folder / f"{file_slug(name, taken)}.html"
        heads.append(SampleHead(name, page, mean, _label(labels, first), _label(labels, last), tuple(found)))
    return tuple(heads)


def drawn_views(
    project: Project, standing: Standing, heads: Iterable[SampleHead], output: Path
) -> Iterator[SampleView]:
    """Write the pictures of samples and yield what their pages show.

    A sample whose data are not here, or a row whose prediction was not kept, has no picture, and the page says why.
    Raises `StoreError` if the folder cannot be written.
    """
    painter, row_of = Painter(project, output), _row_maker(standing)
    cells = {cell.key: cell for cell in standing.cells}
    for head in heads:
        worst = [(cells[record.cell], record) for record in head.records[:MOST_ROWS]]
        drawn, planes, why = painter.paint(worst, head.page.with_suffix(""))
        rows = tuple(
            row_of(record, drawn.get(record.cell), _absence(record, number, painter))
            for number, record in enumerate(head.records)
        )
        yield SampleView(head.name, head.page, rows, planes, why)


def plain_views(standing: Standing, heads: Iterable[SampleHead]) -> Iterator[SampleView]:
    """Yield what the pages of samples show that are not among the worst, which alone are drawn."""
    row_of, absence = _row_maker(standing), _not_drawn()
    for head in heads:
        rows = tuple([row_of(record, None, absence) for record in head.records])
        yield SampleView(head.name, head.page, rows, why=f"Only the {MOST_SAMPLES} worst samples of a suite are drawn.")


def plain_lines(rows: Iterable[SampleRow], records_page: str) -> Markup:
    """Return the lines of a table of rows without pictures as HTML; `records_page` leads to their records.

    There may be a hundred thousand of them, and a template takes ten times as long.
    """
    from markupsafe import Markup, escape

    page = escape(records_page)
    known: dict[str, Markup] = {}

    def escaped(text: str) -> Markup:
        return known[text] if text in known else known.setdefault(text, escape(text))

    lines = []
    for row in rows:
        value = f'<s title="{escaped(row.struck)}">{row.value}</s>' if row.struck else row.value
        objects = row.objects if len(row.objects) == len(SHOWN) else {name: row.objects.get(name, "") for name in SHOWN}
        numbers = "</td><td>".join([value, *map(str, objects.values())])
        lines.append(
            f'<tr><td><a href="{page}#cell={escape(row.key)}">{escaped(row.label)}</a></td><td>{numbers}</td>'
            f'<td class="text">{escaped(row.why)}</td></tr>\n'
        )
    return Markup("".join(lines))


def _row_maker(standing: Standing) -> Callable[[Record, Drawn | None, str], SampleRow]:
    """Return what says of a record what its row made of the sample; it is given the pictures, else why there are none.

    What all records share is looked up once.
    """
    primary, labels = standing.suite.primary, _labels(standing)

    def row_of(record: Record, drawn: Drawn | None, absence: str) -> SampleRow:
        value = _value(record.metrics.get(primary, math.nan))
        return SampleRow(
            row=record.row,
            label=_label(labels, record),
            value=value,
            score=f"{primary} {value}",
            key=record_key(record),
            objects=_objects(record),
            pictures=() if drawn is None else drawn.pictures,
            worst_plane=0 if drawn is None else drawn.worst_plane,
            why=absence,
            struck=_struck(standing, record),
        )

    return row_of


def _labels(standing: Standing) -> dict[str, str]:
    return {row.id: row.label for row in standing.suite.rows}


def _label(labels: Mapping[str, str], record: Record) -> str:
    """Return what a row is called on a page of a sample: with its fold and its repeat, where there are several."""
    fold = f", fold {record.fold}" if record.fold else ""
    repeat = f", repeat {record.repeat}" if record.repeat else ""
    return f"{labels.get(record.row, record.row)}{fold}{repeat}"


def _cost(value: float, sign: float) -> float:
    """Return what orders scores from the worst on; undefined ones come first."""
    return -math.inf if math.isnan(value) else value * sign


def _objects(record: Record) -> dict[str, int]:
    """Return objects by class of error, nothing where the record keeps none."""
    counts = record.counts
    return {name: int(value) for name, count in COUNTS.items() if isinstance(value := counts.get(count), (int, float))}


def _absence(record: Record, number: int, painter: Painter) -> str:
    if number >= MOST_ROWS:
        return _not_drawn()
    digest = record.prediction.get("labels")
    return (
        "No label image was kept of it."
        if digest is None
        else f"Its prediction {painter.predictions.absence(digest)}: `harness run` makes it again."
    )


def _not_drawn() -> str:
    return f"Only the {MOST_ROWS} worst rows of a drawn sample have pictures."


def _value(value: float) -> str:
    return "undefined" if math.isnan(value) else f"{value:.4f}"


def _struck(standing: Standing, record: Record) -> str:
    """Return why the score of a record counts no more, "" where it does."""
    if not standing.advisories:
        return ""
    return "; ".join(one.words for one in hits(standing.advisories, record).get(standing.suite.primary, ()))


def _mean(standing: Standing, found: Sequence[Record]) -> float:
    primary = standing.suite.primary
    known = [record for record in found if math.isfinite(record.metrics.get(primary, math.nan))]
    values = [record.metrics[primary] for record in known if not _struck(standing, record)]
    return math.fsum(values) / len(values) if values else math.nan


def _sign(standing: Standing) -> float:
    primary = standing.suite.primary
    return -1.0 if primary in standing.metrics and standing.metrics[primary].direction == "lower" else 1.0
