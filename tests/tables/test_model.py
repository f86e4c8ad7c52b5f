"""Counts of a table come from its rows."""

from __future__ import annotations

from tests.tables.tables import make_table


def test_counts() -> None:
    table = make_table()
    assert (table.cells, table.ok, table.failed, table.missing) == (6, 4, 1, 1)
    assert table.has_published
    assert not table.is_paper
    assert make_table(tier="paper").is_paper


def test_percent_is_a_scale_of_printing() -> None:
    assert [column.scale for column in make_table().columns] == [100.0, 1.0]
