"""Table 4.1 in smoke: rows that differ in a term label the same objects, and how many those are is on record."""

from __future__ import annotations

import pytest

import harness
from harness.store import Record, Store

pytestmark = pytest.mark.slow

ROWS = ("spoco-01", "spoco-10", "spoco-10-no-consistency", "source-only")


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Record]:
    """The record of each row on one sample."""
    folder = tmp_path_factory.mktemp("transfer")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(folder / "cache"))
        only = harness.Selection(rows=ROWS)
        summary = harness.run("table-4.1", tier="smoke", results=folder / "results", only=only, offline=True)
    assert summary.counts()["failed"] == 0
    found = Store(folder / "results", "table-4.1", 1, "smoke").records()
    return {record.row: record for record in found if record.sample == "test-1"}


def facts(record: Record) -> dict[str, float]:
    return dict(record.stages[0].facts)


def test_the_number_of_labelled_objects_is_a_fact_of_the_fit(records: dict[str, Record]) -> None:
    assert facts(records["spoco-01"]) == {"objects": 32, "labelled_objects": 1}
    assert facts(records["spoco-10"]) == facts(records["spoco-10-no-consistency"])
    assert facts(records["spoco-10"])["labelled_objects"] == 3
    assert "labelled_objects" not in facts(records["source-only"])


def test_a_term_makes_another_network_of_the_same_base(records: dict[str, Record]) -> None:
    one, other = (records[row].stages[0] for row in ("spoco-10", "spoco-10-no-consistency"))
    assert one.weights == other.weights
    assert one.model != other.model


def test_a_base_that_is_trained_here_is_no_contamination(records: dict[str, Record]) -> None:
    assert all(record.contamination == "clean" for record in records.values())
