from __future__ import annotations

import json
from pathlib import Path

from tests.bench.figures import Figure, at_least, at_most, kept, kept_table, table


def test_figures_stand_beside_their_goals(tmp_path: Path) -> None:
    figures = [Figure("bytes", 12.0, "PB"), at_least("rate", 0.9, "GB/s", 1.0), at_most("seconds", 3.0, "s", 10.0)]
    assert [one.is_met for one in figures] == [True, False, True]
    lines = table(figures).splitlines()
    assert lines[2:] == [
        "| bytes | 12 PB | – |  |",
        "| rate | 0.9 GB/s | >= 1 | missed |",
        "| seconds | 3 s | <= 10 | met |",
    ]
    (tmp_path / "kept.json").write_text(json.dumps(kept(figures)))
    again = kept_table(tmp_path / "kept.json").splitlines()
    assert again[:-1] == lines
    assert " cores, " in again[-1]
