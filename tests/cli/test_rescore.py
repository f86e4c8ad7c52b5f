"""Metrics come anew from kept predictions: bit for bit, for new metrics too, and never for what is not here."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.cli.project import Cli


def counts(out: str) -> dict[str, int]:
    found: dict[str, int] = json.loads(out.splitlines()[-1])
    return found


def ran(cli: Cli) -> bytes:
    assert cli("run", "toy")[0] in (0, 3)
    return cli.store().scores_path.read_bytes()


def alter(cli: Cli, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Change what lines say and leave their checksums."""
    path = cli.store().scores_path
    lines = [change(json.loads(line)) for line in path.read_text().splitlines()]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def test_nothing_is_written_where_nothing_changed(cli: Cli) -> None:
    ran(cli)
    before = cli.store().scores_path.stat().st_mtime_ns
    code, out, _ = cli("rescore", "toy", "--json")
    assert (code, counts(out)) == (0, {"cells": 4, "rescored": 4, "missing": 0})
    assert cli.store().scores_path.stat().st_mtime_ns == before


def test_deleted_values_come_back_bit_for_bit(cli: Cli) -> None:
    before = ran(cli)
    alter(cli, lambda line: {**line, "metrics": {}, "counts": {}})
    assert all(record.is_altered for record in cli.store().records())
    code, out, _ = cli("rescore", "toy")
    assert (code, counts(out)["rescored"]) == (0, 4)
    assert cli.store().scores_path.read_bytes() == before


def test_an_altered_score_is_made_good_and_an_altered_chain_is_not(cli: Cli) -> None:
    before = ran(cli)

    def score(line: dict[str, Any]) -> dict[str, Any]:
        return {**line, "metrics": {**line["metrics"], "map.gonuclear": 0.125}} if line["row"] == "otsu" else line

    def seed(line: dict[str, Any]) -> dict[str, Any]:
        return {**line, "seed": 3} if (line["row"], line["sample"]) == ("otsu", "a") else line

    alter(cli, score)
    assert cli("rescore", "toy")[0] == 0
    assert cli.store().scores_path.read_bytes() == before
    alter(cli, seed)
    code, out, err = cli("rescore", "toy")
    assert (code, counts(out)) == (3, {"cells": 4, "rescored": 3, "missing": 1})
    assert "its line was altered, and not only its scores" in err


def test_a_new_metric_reaches_old_records(cli: Cli) -> None:
    ran(cli)
    suite = cli.folder / "suites" / "toy.toml"
    suite.write_text(suite.read_text().replace('"count.pred"]', '"count.pred", "voi.split"]'))
    code, out, _ = cli("rescore", "toy")
    assert (code, counts(out)) == (0, {"cells": 4, "rescored": 4, "missing": 0})
    assert all("voi.split" in record.metrics for record in cli.store().records())
    assert cli.json("plan", "toy", "--json")[0]["remaining"] == 0
    assert cli.json("rescore", "toy") == {"cells": 4, "rescored": 4, "missing": 0}


def test_what_is_not_here_is_named(cli: Cli) -> None:
    before = ran(cli)
    assert cli("cache", "--clear", "predictions")[0] == 0
    code, out, err = cli("rescore", "toy")
    assert code == 3
    assert counts(out) == {"cells": 4, "rescored": 0, "missing": 4}
    assert "otsu on blobs/a: not rescored: its prediction was removed on" in err
    assert "(cleared by hand)" in err
    assert cli.store().scores_path.read_bytes() == before


METRIC = """
from harness import Metric

SHARE = Metric(
    id="found.share", title="predicted over true objects", definition="n_pred / n_truth, NaN without a true object",
    source="plain", direction="none", unit="count", range=(0.0, 1000.0), edge_cases=(("identical", 1.0),),
    function=lambda table: FACTOR * table.n_pred / table.n_truth if table.n_truth else float("nan"),
)
"""


def plugin(cli: Cli, factor: float = 1.0) -> Path:
    path = cli.folder / "my_metric.py"
    path.write_text(f"FACTOR = {factor}\n{METRIC.replace('1.0),)', f'{factor}),)')}")
    return path


def test_a_metric_of_a_plugin_reaches_old_records(cli: Cli) -> None:
    ran(cli)
    before = {record.id: record for record in cli.store().records()}
    new = ("--plugin", plugin(cli), "--metric", "found.share")
    code, out, err = cli("rescore", "toy", *new)
    assert (code, counts(out)) == (0, {"cells": 4, "rescored": 4, "missing": 0}), err
    for record in cli.store().records():
        old = before[record.id]
        assert record.cell == old.cell, "no key knows of it"
        assert record.metrics == {
            **old.metrics,
            "found.share": record.counts["objects.pred"] / record.counts["objects.truth"],
        }
        assert record.origins["found.share"].distribution == "my_metric.py"
        assert not record.is_altered
    assert cli.json("plan", "toy", "--json")[0]["remaining"] == 0
    table = cli.json("table", "toy", "--json", *new)
    assert {row["id"]: row["scores"]["found.share"]["n"] for row in table["rows"]} == {"truth": 2, "otsu": 2}
    assert "found.share" not in cli("table", "toy")[1]


def test_an_added_metric_stays_where_nothing_of_its_name_is_registered(cli: Cli) -> None:
    first = ran(cli)
    new = ("--plugin", plugin(cli), "--metric", "found.share")
    assert cli("rescore", "toy", *new)[0] == 0
    added = cli.store().scores_path.read_bytes()
    assert cli("rescore", "toy")[0] == 0
    assert cli.store().scores_path.read_bytes() == added
    alter(cli, lambda line: {**line, "metrics": {**line["metrics"], "found.share": 7.0}})
    assert cli("rescore", "toy", *new[:2])[0] == 0
    assert cli.store().scores_path.read_bytes() == added, "known again, it is computed anew without being named"
    alter(cli, lambda line: {**line, "metrics": {**line["metrics"], "found.share": 7.0}})
    assert cli("rescore", "toy")[0] == 0
    assert cli.store().scores_path.read_bytes() == first, "what nobody can compute is not made good"


def test_a_changed_metric_is_named_by_run_and_computed_anew(cli: Cli) -> None:
    ran(cli)
    assert cli("rescore", "toy", "--plugin", plugin(cli), "--metric", "found.share")[0] == 0
    changed = ("--plugin", plugin(cli, 2.0), "--metric", "found.share")
    assert cli("rescore", "toy", *changed)[2].count("rescored, and changed") == 4
    record = cli.store().records()[0]
    assert record.metrics["found.share"] == 2 * record.counts["objects.pred"] / record.counts["objects.truth"]


def test_the_suite_may_name_the_metric_afterwards(cli: Cli) -> None:
    ran(cli)
    own = ("--plugin", plugin(cli))
    assert cli("rescore", "toy", *own, "--metric", "found.share")[0] == 0
    suite = cli.folder / "suites" / "toy.toml"
    suite.write_text(suite.read_text().replace('"count.pred"]', '"count.pred", "found.share"]'))
    assert counts(cli("rescore", "toy", *own)[1]) == {"cells": 4, "rescored": 4, "missing": 0}
    assert cli.json("plan", "toy", "--json", *own)[0]["remaining"] == 0
    code, out, err = cli("run", "toy", "--json", *own, "--offline")
    assert (code, json.loads(out)["computed"]) == (0, 0), err


def test_a_table_says_what_was_not_rescored(cli: Cli) -> None:
    ran(cli)
    notes = cli.json("table", "toy", "--metric", "voi.split", "--json")["notes"]
    assert "4 cells have no voi.split yet; `harness rescore toy --metric voi.split` computes it" in notes
    code, _, err = cli("table", "toy", "--metric", "voi.splt")
    assert (code, "unknown metric 'voi.splt'; did you mean 'voi.split'?" in err) == (2, True)


def test_the_gate_does_not_judge_an_added_metric(cli: Cli) -> None:
    ran(cli)
    new = ("--plugin", plugin(cli), "--metric", "found.share")
    baseline = cli.folder / "before"
    assert cli("run", "toy", "--results", baseline)[0] == 0
    assert cli("rescore", "toy", "--results", baseline, *new)[0] == 0
    code, out, _ = cli("gate", "toy", "--baseline", baseline, "--no-time")
    assert code == 0, out
    assert "found.share" not in out


def test_a_new_pair_reaches_old_records(cli: Cli) -> None:
    ran(cli)
    suite = cli.folder / "suites" / "toy.toml"
    suite.write_text(suite.read_text() + '[scores.same]\ntruth = "truth"\nmetrics = ["pq"]\n')
    code, out, err = cli("rescore", "toy")
    assert (code, counts(out)) == (0, {"cells": 4, "rescored": 4, "missing": 0}), err
    assert all("same:pq" in record.metrics for record in cli.store().records())
    assert cli.json("plan", "toy", "--json")[0]["remaining"] == 0
