"""Writes the report: reads results, renders templates, copies the record files that pages link to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from harness.errors import BackendError
from harness.metrics.errormap import CLASS_COLOURS
from harness.model import TIERS, Tier
from harness.project import Project
from harness.report.figure import figure_svg
from harness.report.metrics import write_metric_pages
from harness.report.pages import FigureView, Page, environment_text, record_view, records_folder, statement_view
from harness.standing import Standing
from harness.status import item_columns, project_status
from harness.store import find_stores
from harness.store.files import replace_text
from harness.suite import Suite
from harness.tables import PrintedFigure, table_files, table_of
from harness.tables.errors import SHOWN, error_notes, error_rows

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"


def write_report(
    project: Project,
    suites: Sequence[Suite],
    results: Path,
    output: Path,
    *,
    log: Callable[[str], None] = lambda line: None,
) -> Path:
    """Write a page per suite and stored tier, one per metric, and the first page; return the path of the first page.

    A report of every suite of the project also has a page on where each table, figure and system stands.

    Every page stands alone: no script, no font, no style from elsewhere. Suites without records are listed as such.
    Raises `BackendError` without jinja2 or, for suites with curves, without matplotlib, `StoreError` if the folder
    cannot be written.
    """
    environment = _environment()
    pages, empty = [], []
    for suite in suites:
        tiers = _stored_tiers(suite, results)
        if not tiers:
            empty.append(suite)
        for tier in tiers:
            log(f"report: {suite.id} {tier}")
            pages.append(_page(project.results(results, suite, tier), output))
    for page in pages:
        replace_text(output / page.name, environment.get_template("suite.html").render(_suite_context(page)))
    is_whole = {suite.id for suite in suites}.issuperset(project.suite_paths)
    if is_whole:
        items = project_status(project, results)
        header, lines = item_columns(items)
        shown = environment.get_template("status.html").render(header=header, lines=zip(items, lines, strict=True))
        replace_text(output / "status.html", shown)
    first = output / "index.html"
    metrics = write_metric_pages(environment, project.metrics, output)
    front = environment.get_template("index.html").render(pages=pages, empty=empty, is_whole=is_whole, metrics=metrics)
    replace_text(first, front)
    return first


def _environment() -> Environment:
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError as error:
        raise BackendError("the report needs jinja2, which is not installed; pip install '.[report]'") from error
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _stored_tiers(suite: Suite, results: Path) -> list[Tier]:
    """Return the tiers with records or facts."""
    stored = {s.tier for s in find_stores(results) if (s.suite, s.version) == (suite.id, suite.version)}
    return [tier for tier in TIERS if tier in stored and tier in suite.tiers]


def _page(standing: Standing, output: Path) -> Page:
    suite, tier, table = standing.suite, standing.tier, table_of(standing)
    timings = {timing.id: timing for timing in standing.timings if timing.machine == table.machine}
    stored = standing.stored
    records = tuple(record_view(record, timings.get(record.id), line) for line, record in enumerate(stored, start=1))
    environments = {name: environment_text(value) for name, value in standing.environments.items()}
    texts = table_files(table)
    if records:
        texts["scores.jsonl"] = "".join(f"{record.to_line()}\n" for record in stored)
    facts = standing.stated
    if facts:
        texts["facts.jsonl"] = "".join(f"{fact.to_line()}\n" for fact in facts)
    folder = records_folder(suite, tier)
    figures = tuple(_figure_view(figure, folder) for figure in table.figures)
    for name, text in texts.items():
        replace_text(output / folder / name, text)
    for figure in figures:
        replace_text(output / figure.file, figure.svg)
    files = (*(f"{folder}/{name}" for name in texts), *(figure.file for figure in figures))
    return Page(
        suite,
        tier,
        table,
        records,
        environments,
        files,
        tuple(map(statement_view, facts)),
        figures,
        error_rows(standing),
    )


def _figure_view(printed: PrintedFigure, folder: PurePosixPath) -> FigureView:
    file = f"{folder}/{printed.figure.name}.svg"
    return FigureView(title=printed.title, svg=figure_svg(printed), caption=printed.caption, file=file)


def _suite_context(page: Page) -> dict[str, Any]:
    """Return the values of the suite template."""
    return {
        "page": page,
        "classes": SHOWN,
        "colours": {name: f"rgb{colour}" for name, colour in CLASS_COLOURS.items()},
        "error_notes": error_notes(page.errors),
    }
