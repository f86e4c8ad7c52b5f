"""Metrics come anew from kept predictions: bit for bit, for new metrics too, and never for what is not here."""

from __future__ import annotations

import json
from collections.abc import Callable
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
