"""The project's own data tables: what they print, and what is computed without the paper's data."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.datasets import Catalogue, load_catalogue
from harness.datatables import DataTableRow, compute_statements, data_table_rows, statement_inputs
from harness.model import Tier
from harness.store import StatementRecord
from harness.suite import check_suite, load_suite
from harness.suite.datarows import row_source

ROOT = Path(__file__).resolve().parents[2]
TABLES = ("table-2.1", "table-2.2", "table-2.3", "table-2.4", "table-2.9", "table-a.1", "algorithm-2")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(ROOT / "datasets.toml")


def rows(table: str, tier: Tier, catalogue: Catalogue) -> dict[str, DataTableRow]:
    """Return the rows of a table with the facts that a run would store."""
    suite = load_suite(ROOT / "suites" / f"{table}.toml")
    records = []
    for row in suite.data_rows:
        if not row_source(row, tier).absent:
            inputs = statement_inputs(suite, row, tier, catalogue)
            facts = compute_statements(inputs, catalogue)
            records.append(StatementRecord(inputs.key, suite.id, suite.version, tier, row.id, {}, inputs.data, facts))
    return {row.id: row for row in data_table_rows(suite, tier, catalogue, records)}


@pytest.mark.parametrize("table", TABLES)
def test_every_table_is_right_and_computed_on_the_smoke_tier(table: str, catalogue: Catalogue) -> None:
    suite = load_suite(ROOT / "suites" / f"{table}.toml")
    check_suite(suite, catalogue)
    assert set(suite.tiers) == {"smoke", "mini", "paper"}
    assert suite.source in suite.title
    found = rows(table, "smoke", catalogue)
    assert not [row.missing for row in found.values() if row.missing]
    assert all(row.computed or row.absent for row in found.values())


def test_counts_and_extents_of_generated_ovules(catalogue: Catalogue) -> None:
    found = rows("table-2.1", "smoke", catalogue)
    assert list(found) == ["N1", "N2", "N3", "N4", "N5"]
    for row in found.values():
        assert row.computed["shape"] == (24, 64, 64)
        assert isinstance(row.computed["count"], int)
        assert row.computed["count"] > 10
        assert row.verdicts["count"].outcome == "not comparable"


def test_the_real_crops(catalogue: Catalogue, mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_MIRROR", str(mirror))
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    found = rows("table-2.1", "mini", catalogue)
    assert [found[name].computed["count"] for name in ("N1", "N2")] == [54, 32]
    assert all("wrapped around" in found[name].absent for name in ("N3", "N4", "N5"))
    channels = rows("table-2.2", "mini", catalogue)
    assert channels["noisy"].computed["role"] == "raw"
    assert channels["initial-nuclei"].computed["origin"] == "derived from gold"
    assert channels["wall"].absent


@pytest.mark.parametrize("table", ["table-2.3", "table-2.4", "table-2.9", "table-a.1"])
def test_printed_values_that_declarations_tell_are_reproduced(table: str, catalogue: Catalogue) -> None:
    verdicts = [verdict for row in rows(table, "paper", catalogue).values() for verdict in row.verdicts.values()]
    assert verdicts
    assert {verdict.outcome for verdict in verdicts} == {"reproduced"}


def test_table_2_9_says_what_was_never_released(catalogue: Catalogue) -> None:
    found = rows("table-2.9", "paper", catalogue)
    private = [name for name, row in found.items() if row.computed["availability"] == "private-never-released"]
    assert set(found) - set(private) == {"mouse-embryo"}
    assert all("voxel_size_xyz" in found[name].stated for name in private)


def test_the_released_voxel_size_of_n5_is_not_the_printed_one(catalogue: Catalogue) -> None:
    """The declared spacing is that of the archive; read values can only agree with it."""
    suite = load_suite(ROOT / "suites" / "table-2.1.toml")
    inputs = {row.id: statement_inputs(suite, row, "paper", catalogue) for row in suite.data_rows}
    samples = catalogue.dataset("gonuclear").declaration.samples
    records = [
        StatementRecord(
            one.key,
            suite.id,
            suite.version,
            "paper",
            row,
            {},
            one.data,
            {
                "count": samples[str(one.source.sample)].objects["gold"],
                "spacing_xyz": samples[str(one.source.sample)].spacing_um[::-1],
            },
        )
        for row, one in inputs.items()
    ]
    found = {row.id: row for row in data_table_rows(suite, "paper", catalogue, records)}
    outcomes = {name: row.verdicts["spacing_xyz"].outcome for name, row in found.items()}
    assert outcomes == {**dict.fromkeys(("N1", "N2", "N3", "N4"), "reproduced"), "N5": "not reproduced"}
    assert "0.278" in found["N5"].conflicts["spacing_xyz"]
    assert {row.verdicts["count"].outcome for row in found.values()} == {"reproduced"}


@pytest.mark.parametrize("tier", ["smoke", "mini", "paper"])
def test_the_printed_rule_of_patches_is_judged_on_every_tier(tier: Tier, catalogue: Catalogue) -> None:
    found = rows("algorithm-2", tier, catalogue)
    outcomes = {row.id: row.verdicts["agree"].outcome for row in found.values()}
    assert outcomes.pop("all-covered") == "reproduced"
    assert set(outcomes.values()) == {"not reproduced"}
    assert found["two-covered"].computed["patch_printed"] == "none"
    assert all(float(row.computed["used_code"]) <= 1 for row in found.values())  # type: ignore[arg-type]
    assert float(found["N1-256"].computed["used_printed"]) > 1  # type: ignore[arg-type]
