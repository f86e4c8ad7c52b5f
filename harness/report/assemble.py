"""From a results folder to the table of a suite: everything that reads records comes together here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from harness import registry
from harness.claims import Direction
from harness.claims.printed import EqualPublished
from harness.datasets import Catalogue
from harness.datatables import data_table_rows
from harness.model import Cell, Tier
from harness.standing.claims import ClaimVerdict, check_claims
from harness.store import Record, Store, Timing
from harness.suite import Suite, expand, load_suite
from harness.tables import ClaimLine, Facts, Table, build_facts, build_table
from harness.verdicts import suite_verdicts


def suite_table(suite: Suite, tier: Tier, results: Path, catalogue: Catalogue) -> Table | Facts:
    """Return the table of a tier from what a results folder holds."""
    store = Store(results, suite.id, suite.version, tier)
    if suite.kind == "data-table":
        return build_facts(suite, tier, data_table_rows(suite, tier, catalogue, store.facts()))
    cells = expand(suite, tier, catalogue, registry.stages())
    records, timings = store.records(), store.timings()
    return build_table(
        suite,
        tier,
        cells,
        records,
        timings,
        metrics=metric_facts(suite),
        series=metric_series(suite),
        verdicts=suite_verdicts(suite, tier, records, cells),
        claims=claim_lines(suite_claims(suite, tier, cells, records, timings)),
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


def metric_series(suite: Suite) -> dict[str, tuple[str, float]]:
    """Return where the metrics of a suite stand in a series, for those that do."""
    known = registry.metrics()
    return {metric: at for metric in suite.metrics if (at := known.get(metric).at) is not None}


def claim_lines(verdicts: Iterable[ClaimVerdict]) -> tuple[ClaimLine, ...]:
    """Return verdicts on claims as lines of a table."""
    return tuple(_claim_line(verdict) for verdict in verdicts)


def _claim_line(verdict: ClaimVerdict) -> ClaimLine:
    numbers = ", ".join(f"{name} {value:.4g}" for name, value in verdict.numbers)
    printed = f"the source's own numbers: {verdict.printed}" if verdict.printed else ""
    said = "; ".join(part for part in (verdict.why or numbers, verdict.agreement, verdict.margin, printed) if part)
    return ClaimLine(verdict.claim, verdict.sentence, verdict.where, verdict.outcome, said, verdict.data)
