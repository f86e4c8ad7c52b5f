"""From a results folder to a laid-out table, and from it to text in any of the four formats."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from harness import registry
from harness.claims import ClaimVerdict, Direction, check_claims
from harness.datasets import Catalogue
from harness.datatables import compute_data_table
from harness.model import Cell, Tier
from harness.store import Record, Store, Timing
from harness.suite import Suite, expand, load_suite
from harness.suite.rules import EqualPublished
from harness.tables.build import build_table
from harness.tables.data import to_csv, to_json
from harness.tables.facts import Facts, build_facts, facts_csv, facts_json, facts_latex, facts_markdown
from harness.tables.latex import to_latex
from harness.tables.markdown import to_markdown
from harness.tables.model import Table
from harness.verdicts import suite_verdicts

Format = Literal["md", "csv", "tex", "json"]
FORMATS: tuple[Format, ...] = ("md", "csv", "tex", "json")
FILES: tuple[Format, ...] = ("md", "csv", "tex")
"""Formats that are kept beside the records."""


def suite_table(suite: Suite, tier: Tier, results: Path, catalogue: Catalogue) -> Table | Facts:
    """Return the table of a tier from what a results folder holds; a data table is computed from the data."""
    if suite.kind == "data-table":
        return build_facts(suite, tier, compute_data_table(suite, tier, catalogue))
    store = Store(results, suite.id, suite.version, tier)
    cells = expand(suite, tier, catalogue, registry.stages())
    records, timings = store.records(), store.timings()
    return build_table(
        suite,
        tier,
        cells,
        records,
        timings,
        metrics=metric_facts(suite),
        verdicts=suite_verdicts(suite, tier, records, cells),
        claims=suite_claims(suite, tier, cells, records, timings),
    )


def suite_claims(
    suite: Suite, tier: Tier, cells: Sequence[Cell] | None, records: Sequence[Record], timings: Sequence[Timing]
) -> tuple[ClaimVerdict, ...]:
    """Return what records say about a suite's claims; suites that a claim on printed values names are loaded.

    `cells` None takes whatever was recorded as complete.
    """
    entries = (
        entry for claim in suite.claims if isinstance(claim.rule, EqualPublished) for entry in claim.rule.entries
    )
    others = {entry.rpartition("/")[0] for entry in entries} - {"", suite.id}
    directions = {metric: direction for metric, (direction, _) in metric_facts(suite).items()}
    return check_claims(
        suite,
        tier,
        records,
        timings,
        directions=directions,
        cells=cells,
        suites={name: load_suite(name) for name in sorted(others)},
    )


def metric_facts(suite: Suite) -> dict[str, tuple[Direction, str]]:
    """Return direction and unit of each metric of a suite."""
    known = registry.metrics()
    return {metric: (known.get(metric).direction, known.get(metric).unit) for metric in suite.metrics}


def render(table: Table | Facts, wanted: Format) -> str:
    """Return a table as text that ends with a newline."""
    if wanted == "json":
        value = facts_json(table) if isinstance(table, Facts) else to_json(table)
        return json.dumps(value, indent=2, allow_nan=False) + "\n"
    if isinstance(table, Facts):
        return {"md": facts_markdown, "csv": facts_csv, "tex": facts_latex}[wanted](table)
    return {"md": to_markdown, "csv": to_csv, "tex": to_latex}[wanted](table)


def write_tables(table: Table | Facts, results: Path) -> tuple[Path, ...]:
    """Write `table.md`, `table.csv` and `table.tex` beside the records and return their paths."""
    store = Store(results, table.suite, table.version, table.tier)
    return tuple(store.write_table(f"table.{wanted}", render(table, wanted)) for wanted in FILES)
