from __future__ import annotations

from typing import Any

from harness.status.state import ItemState, SuiteState, TierState
from harness.status.text import ITEM_HEADER, SUITE_HEADER, item_columns, item_name, suite_columns


def tier(name: Any, ok: int, cells: int = 4, **more: Any) -> TierState:
    counts = {"rows": 2, "recorded": 0, "failed": 0, "missing": cells - ok, "stale": 0}
    return TierState(tier=name, ok=ok, cells=cells, **{**counts, "data": {}, "verdicts": {}, "claims": {}, **more})


def suite(name: str, *tiers: TierState, rows: tuple[str, ...] = (), broken: str = "") -> SuiteState:
    return SuiteState(name, 1, f"Title of {name}", "table 1", rows, tiers, broken)


CLAIMS = {"holds": 2, "does not hold": 1, "open": 3}
TOY = suite(
    "toy",
    tier("smoke", 4, claims={"open": 6}, data={"blobs": ""}),
    tier("mini", 2, failed=1, stale=1, claims=CLAIMS, data={"blobs": "", "cells": ""}),
    tier("paper", 0, rows=3, verdicts={"missing": 2, "reproduced": 1}, data={"plants": "behind a registration"}),
)


def line(*suites: SuiteState, why: str = "") -> dict[str, str]:
    header, (only,) = item_columns([ItemState("table", "2.6", "Models", suites, why)])
    return dict(zip(header, only, strict=True))


def test_a_line_says_what_is_recorded_by_tier() -> None:
    found = line(TOY, why="not all of it")
    assert found == {
        "item": "table 2.6",
        "suites": "toy",
        "state": "recorded",
        "rows": "3",
        "smoke": "4 of 4",
        "mini": "2 of 4 (1 failed, 1 stale)",
        "paper": "0 of 4",
        "data": "blobs (smoke, mini), cells (mini), plants (paper; not here)",
        "verdicts": "2 missing, 1 reproduced",
        "claims": "2 hold, 1 do not hold, 3 open (mini)",
        "why": "not all of it",
    }


def test_an_item_of_rows_and_one_of_nothing() -> None:
    assert line(suite("toy", tier("smoke", 4), rows=("a", "b", "c")))["suites"] == "toy/a and 2 more"
    two = line(suite("toy", tier("smoke", 4), rows=("a",)), suite("other", tier("smoke", 1)))
    assert (two["suites"], two["rows"]) == ("toy/a, other", "2, 2")
    empty = line(why="private data")
    assert [empty[name] for name in ("suites", "state", "rows", "smoke", "data", "why")] == [
        "–",
        "nothing to run",
        "–",
        "–",
        "–",
        "private data",
    ]


def test_a_broken_suite_says_its_first_mistake() -> None:
    found = line(suite("toy", broken="toy.toml:3: id: wrong\ntoy.toml:4: more"), why="not all of it")
    assert (found["state"], found["why"]) == ("broken", "toy.toml:3: id: wrong")


def test_suites_stand_once_and_whole() -> None:
    part = ItemState("system", "s", "part", (suite("other", tier("smoke", 1), rows=("a",)),))
    whole = ItemState("table", "1", "whole", (TOY,))
    header, lines = suite_columns([part, whole, ItemState("figure", "1", "again", (TOY,))])
    assert header == SUITE_HEADER
    assert lines == [
        (
            "toy",
            "Title of toy",
            "3",
            "4 of 4",
            "2 of 4 (1 failed, 1 stale)",
            "0 of 4",
            "2 hold, 1 do not hold, 3 open (mini)",
        )
    ]


def test_systems_have_names_and_all_else_numbers() -> None:
    assert item_name(ItemState("system", "spoco", "x", ())) == "spoco"
    assert item_name(ItemState("figure", "A.5", "x", ())) == "figure A.5"
    assert len(ITEM_HEADER) == 11
