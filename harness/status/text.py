"""The state of a project as lines of a table: one an item, or one a suite."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.model import TIERS, Tier
from harness.status.state import Counts, ItemState, SuiteState, TierState

ITEM_HEADER = ("item", "suites", "state", "rows", *TIERS, "data", "verdicts", "claims", "why")
SUITE_HEADER = ("suite", "what it repeats", "rows", *TIERS, "claims")
NOTHING = "–"
SHORT = {"holds": "hold", "does not hold": "do not hold", "open": "open"}

Lines = tuple[Sequence[str], list[tuple[str, ...]]]
"""A header, and the lines below it."""


def item_columns(items: Iterable[ItemState]) -> Lines:
    """Return a line per item: suites, rows that run, records by tier, data, verdicts, claims, and what is lacking."""
    return ITEM_HEADER, [_item(item) for item in items]


def suite_columns(items: Iterable[ItemState]) -> Lines:
    """Return a line per suite of the items, each once, by id."""
    suites = {suite.suite: suite for item in items for suite in item.suites if not suite.rows}
    return SUITE_HEADER, [_suite(suites[name]) for name in sorted(suites)]


def item_name(item: ItemState) -> str:
    """Return what an item is called: "table 2.6"."""
    return item.id if item.kind == "system" else f"{item.kind} {item.id}"


def _item(item: ItemState) -> tuple[str, ...]:
    tiers = [[own for suite in item.suites if (own := _tier(suite, tier))] for tier in TIERS]
    names = (suite.suite + "".join(f"/{row}" for row in suite.rows[:1]) + _more(suite.rows) for suite in item.suites)
    broken = "; ".join(suite.broken.partition("\n")[0] for suite in item.suites if suite.broken)
    best = [_best(suite) for suite in item.suites]
    return (
        item_name(item),
        ", ".join(names) or NOTHING,
        item.state,
        ", ".join(str(_rows(suite)) for suite in item.suites if suite.tiers) or NOTHING,
        *(", ".join(map(_cells, own)) or NOTHING for own in tiers),
        _data(item.suites) or NOTHING,
        ", ".join(_counts(tier.verdicts) for tier in _on(item, "paper") if tier.verdicts) or NOTHING,
        ", ".join(f"{_claims(tier.claims)} ({tier.tier})" for tier in best if tier and tier.claims) or NOTHING,
        broken or item.why,
    )


def _suite(suite: SuiteState) -> tuple[str, ...]:
    tiers = {tier: _tier(suite, tier) for tier in TIERS}
    best = _best(suite)
    claims = f"{_claims(best.claims)} ({best.tier})" if best and best.claims else NOTHING
    texts = (NOTHING if tier is None else _cells(tier) for tier in tiers.values())
    return (suite.suite, suite.title, str(_rows(suite)), *texts, claims)


def _rows(suite: SuiteState) -> int:
    """Return how many rows have cells, on the tier where most have."""
    return max((tier.rows for tier in suite.tiers), default=0)


def _data(suites: Sequence[SuiteState]) -> str:
    """Return every data set with the tiers that it serves: "cells (smoke, mini), others (paper; not here)"."""
    tiers: dict[str, dict[Tier, None]] = {}
    absent: set[str] = set()
    for tier in (own for name in TIERS for suite in suites if (own := _tier(suite, name))):
        for name, reason in tier.data.items():
            tiers.setdefault(name, {})[tier.tier] = None
            absent |= {name} if reason else set()
    texts = (f"{', '.join(held)}{'; not here' if name in absent else ''}" for name, held in tiers.items())
    return ", ".join(f"{name} ({text})" for name, text in zip(tiers, texts, strict=True))


def _tier(suite: SuiteState, tier: Tier) -> TierState | None:
    return next((own for own in suite.tiers if own.tier == tier), None)


def _on(item: ItemState, tier: Tier) -> list[TierState]:
    return [own for suite in item.suites if (own := _tier(suite, tier))]


def _best(suite: SuiteState) -> TierState | None:
    """Return the greatest tier of which anything is recorded: what its claims say counts most."""
    return next((tier for tier in reversed(suite.tiers) if tier.ok), None)


def _cells(tier: TierState) -> str:
    """Return "12 of 12", with what failed or is out of date."""
    counts = ((tier.failed, "failed"), (tier.stale, "stale"))
    more = ", ".join(f"{count} {name}" for count, name in counts if count)
    return f"{tier.ok} of {tier.cells}{f' ({more})' if more else ''}"


def _claims(claims: Counts) -> str:
    return ", ".join(f"{claims[name]} {text}" for name, text in SHORT.items() if claims.get(name))


def _counts(counts: Counts) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))


def _more(rows: Sequence[str]) -> str:
    return f" and {len(rows) - 1} more" if len(rows) > 1 else ""
