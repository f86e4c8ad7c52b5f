from __future__ import annotations

from pathlib import Path

from harness.suite.mistakes import doubled, unknown
from tests.helpers import temp_project


def test_a_name_that_stands_twice_says_where_it_stood_first(tmp_path: Path) -> None:
    suite = temp_project(tmp_path).suite()
    named = [(row.id, (*row.place, "id")) for row in suite.rows]
    assert list(doubled(suite, named, "row")) == []
    (line,) = doubled(suite, [*named, ("otsu", ("rows", 1, "id"))], "row")
    assert "row 'otsu' is declared twice, first on line" in line


def test_an_unknown_name_has_the_nearest_one(tmp_path: Path) -> None:
    suite = temp_project(tmp_path).suite()
    assert list(unknown(suite, ["smoke"], suite.tiers, ("tiers",), "tier")) == []
    (line,) = unknown(suite, ["smke"], suite.tiers, ("tiers",), "tier", nested=False)
    assert "demo.toml" in line
    assert line.endswith("no tier is called 'smke'; did you mean 'smoke'?")
