"""Writes the report: reads results, renders templates, writes what the pages load and link to."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from harness.beside import beside
from harness.collection import without_collection
from harness.errors import BackendError, StoreError
from harness.identity import installed_version
from harness.metrics.errormap import CLASS_COLOURS
from harness.model import DISTRIBUTION, TIERS, Tier
from harness.project import Project
from harness.report.assets import write_assets
from harness.report.board import Board, board_of, leaderboard
from harness.report.figure import figure_svg
from harness.report.metrics import write_metric_pages
from harness.report.pages import FigureView, Page, PageNames, files_folder, lead_lines, statement_view, suite_lines
from harness.report.pareto import chart_points
from harness.report.records import stored_lines, write_records
from harness.report.samples import (
    MOST_SAMPLES,
    SampleHead,
    SampleView,
    drawn_views,
    plain_lines,
    plain_views,
    sample_heads,
)
from harness.report.writing import write_page, write_parts
from harness.standing import Standing
from harness.status import item_columns, project_status
from harness.store import find_stores
from harness.suite import Suite
from harness.tables import PrintedFigure, table_files, table_of
from harness.tables.errors import SHOWN, error_notes, error_rows
from harness.tables.ranks import WINNER_HEADER, winner_lines

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
MARK = ".harness-report"
"""A file that says that a folder is a report, and may be written over."""
MOST_FAILURES = 50
SCORES = "scores.jsonl"
MANY_RECORDS = 5000
"""From so many on a second process writes their files while this one ranks rows."""
SUITE_COLUMNS = ("suite", "title", "tier", "rows", "state", "first")


@without_collection()
def write_report(
    project: Project,
    suites: Sequence[Suite],
    results: Path,
    output: Path,
    *,
    log: Callable[[str], None] = lambda line: None,
) -> Path:
    """Write a page per suite and stored tier, its records and its samples, one per metric, and the first page.

    A report of every suite of the project also has a page on where each table, figure and system stands. Returns the
    path of the first page. Every page works from a disk: nothing is loaded but what lies beside it. Suites without
    records are listed as such.

    Raises `BackendError` without jinja2, matplotlib or the packages that bring the scripts, `StoreError` if the folder
    cannot be written, or holds something else than a report.
    """
    environment = _environment()
    _claim(output)
    write_assets(output)
    pages: dict[str, Page] = {}
    standings: dict[tuple[str, Tier], Standing] = {}
    empty = []
    for suite in suites:
        tiers = _stored_tiers(suite, results)
        if not tiers:
            empty.append(suite)
        for tier in tiers:
            log(f"report: {suite.id} {tier}")
            standing = standings[suite.id, tier] = project.results(results, suite, tier)
            page = _write_suite(project, standing, environment, output)
            pages[page.name] = page
    is_whole = {suite.id for suite in suites}.issuperset(project.suite_paths)
    if is_whole:
        items = project_status(project, results, standings)
        header, lines = item_columns(items)
        stand = {"header": header, "lines": zip(items, lines, strict=True)}
        _render(environment, "status.html", output / "status.html", stand)
    context = {
        "board": board_of(SUITE_COLUMNS, suite_lines(pages, tuple(empty)), {name: quote(name) for name in pages}),
        "is_whole": is_whole,
        "metrics": write_metric_pages(environment, project.metrics, output),
    }
    first = output / "index.html"
    _render(environment, "index.html", first, context)
    return first


def _claim(output: Path) -> None:
    """Mark a folder as a report; raises `StoreError` for one that holds something else."""
    try:
        is_ours = not output.exists() or (output / MARK).is_file() or not any(output.iterdir())
    except OSError as error:
        raise StoreError(f"{output}: cannot be read ({error.strerror or error})") from error
    if not is_ours:
        raise StoreError(
            f"{output}: holds files that are no report of ours; accepted: a new folder, or an older report"
        )
    write_page(output / MARK, f"{DISTRIBUTION}\n")


def _environment() -> Environment:
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError as error:
        raise BackendError("the report needs jinja2, which is not installed; pip install '.[report]'") from error
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {
        "plain_lines": plain_lines,
        "root": "",
        "harness_version": installed_version(DISTRIBUTION),
        "classes": SHOWN,
        "colours": {name: f"rgb{colour}" for name, colour in CLASS_COLOURS.items()},
    }
    return made


def _render(environment: Environment, template: str, path: Path, context: dict[str, Any]) -> None:
    write_page(path, environment.get_template(template).render(**context))


def _stored_tiers(suite: Suite, results: Path) -> list[Tier]:
    """Return the tiers with records or facts."""
    stored = {s.tier for s in find_stores(results) if (s.suite, s.version) == (suite.id, suite.version)}
    return [tier for tier in TIERS if tier in stored and tier in suite.tiers]


def _write_suite(project: Project, standing: Standing, environment: Environment, output: Path) -> Page:
    """Write everything of a suite's tier: its files, records, samples and page."""
    heads = sample_heads(standing, files_folder("samples", standing.suite, standing.tier))
    names = PageNames(standing.suite, standing.tier, len(standing.stored))
    drawn, plain = heads[:MOST_SAMPLES], heads[MOST_SAMPLES:]

    def details() -> None:
        _write_records(project, standing, environment, output, names)
        _write_samples(environment, output, names, plain_views(standing, plain))

    with beside(details, is_worth_it=names.records >= MANY_RECORDS) as are_written:
        page = _page(standing, output, names)
        _write_samples(environment, output, names, drawn_views(project, standing, drawn, output))
        _render(environment, "suite.html", output / page.name, _suite_context(page, heads))
        are_written()
    return page


def _write_records(
    project: Project, standing: Standing, environment: Environment, output: Path, names: PageNames
) -> None:
    """Write the page of the records, what it reads, and their file."""
    lines = stored_lines(standing)
    if not lines:
        return
    folder = files_folder("records", names.suite, names.tier)
    write_parts(output / folder / SCORES, (b"%b\n" % line for line in lines))
    write_records(standing, lines, output, str(folder), methods=project.methods)
    context = {"page": names, "folder": str(folder), "count": names.records}
    _render(environment, "records.html", output / names.records_page, context)


def _write_samples(environment: Environment, output: Path, names: PageNames, views: Iterable[SampleView]) -> None:
    for view in views:
        back = "../" * len(view.page.parent.parts)
        _render(environment, "sample.html", output / view.page, {"page": names, "sample": view, "root": back})


def _page(standing: Standing, output: Path, names: PageNames) -> Page:
    """Write the files of a suite's table and return what its page shows."""
    table, folder = table_of(standing), files_folder("records", names.suite, names.tier)
    figures = tuple(_figure_view(figure, folder) for figure in table.figures)
    texts, facts = table_files(table), standing.stated
    listed = [*texts, *([SCORES] if names.records else []), *(["facts.jsonl"] if facts else [])]
    if facts:
        texts["facts.jsonl"] = "".join(f"{fact.to_line()}\n" for fact in facts)
    for name, text in texts.items():
        write_page(output / folder / name, text)
    for figure in figures:
        write_page(output / figure.file, figure.svg)
    return Page(
        names.suite,
        names.tier,
        names.records,
        table,
        (*(f"{folder}/{name}" for name in listed), *(figure.file for figure in figures)),
        tuple(map(statement_view, facts)),
        figures,
        error_rows(standing),
    )


def _figure_view(printed: PrintedFigure, folder: PurePosixPath) -> FigureView:
    file = f"{folder}/{printed.figure.name}.svg"
    return FigureView(title=printed.title, svg=figure_svg(printed), caption=printed.caption, file=file)


def _suite_context(page: Page, heads: Sequence[SampleHead]) -> dict[str, Any]:
    """Return the values of the suite template."""
    scores = page.table.scores
    return {
        "page": page,
        "board": leaderboard(page.table),
        "lead": lead_lines(page.table),
        "winner_header": WINNER_HEADER,
        "winners": [] if scores is None else list(winner_lines(scores)),
        "points": None if scores is None else chart_points(scores),
        "samples": _sample_board(heads),
        "error_notes": error_notes(page.errors),
        "most_failures": MOST_FAILURES,
    }


def _sample_board(heads: Sequence[SampleHead]) -> Board | None:
    if not heads:
        return None
    lines = [
        (
            str(head.page),
            (
                head.name,
                "undefined" if math.isnan(head.mean) else f"{head.mean:.4f}",
                str(len(head.records)),
                head.worst,
                head.best,
            ),
        )
        for head in heads
    ]
    links = {str(head.page): quote(str(head.page)) for head in heads}
    return board_of(("sample", "mean", "rows", "worst row", "best row"), lines, links)
