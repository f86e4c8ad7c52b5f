"""A suite's results against its baseline: only cells that the suite has count."""

from __future__ import annotations

from dataclasses import replace

from harness.gating import GateRules, compare_suite
from harness.gating.suites import ALTERED, OTHER_CODE, STALE
from harness.model import Origin
from harness.store import Record, StageRecord
from tests.helpers import Project
from tests.records import record_of

RULES = GateRules(timing=None)


def _records(project: Project, score: float = 0.5) -> list[Record]:
    return [record_of(cell, {"map.toy": score, "arand.toy": 0.1}) for cell in project.cells()]


def test_equal_records_are_the_same(project: Project) -> None:
    standing = project.standing(_records(project))
    found = compare_suite(standing, standing, RULES)
    assert (found.counts, found.exit_code, found.notes) == ({"same": 2}, 0, ())


def test_a_row_that_the_suite_lost_does_not_count_and_is_named(project: Project) -> None:
    records = _records(project)
    renamed = [replace(record, row="old-name") for record in records if record.row == "net"]
    kept = [record for record in records if record.row != "net"]
    before = project.standing([*kept, *renamed])
    found = compare_suite(before, project.standing(records), RULES)
    assert found.counts == {"new cell": 1, "same": 1}
    assert found.notes == (
        "rows of the baseline that the suite no longer has (removed or renamed): old-name",
        "rows of the suite that the baseline does not have (new or renamed): net",
    )
    found = compare_suite(before, project.standing([*kept, *renamed]), RULES)
    assert found.counts == {"same": 1}, "records of a row that is gone are not 'same'"


def test_samples_that_the_suite_lost_are_counted(project: Project) -> None:
    records = _records(project)
    before = project.standing([*records, replace(records[0], sample="z")])
    assert compare_suite(before, project.standing(records), RULES).notes == (
        "1 records of the baseline are of data, folds or repeats that the suite no longer has",
    )


def test_results_of_older_inputs_are_missing_and_a_baseline_may_be_older(project: Project) -> None:
    records = _records(project)
    older = [replace(record, cell="older") for record in records]
    found = compare_suite(project.standing(records), project.standing(older), RULES)
    assert found.exit_code == 3
    assert {cell.detail for cell in found.cells} == {STALE}
    found = compare_suite(project.standing(older), project.standing(records), RULES)
    assert found.exit_code == 0
    assert all(cell.inputs_changed for cell in found.cells)


def test_rules_lie_over_the_tolerance_of_the_suite(project: Project) -> None:
    before, after = (project.standing(_records(project, score)) for score in (0.5, 0.45))
    assert compare_suite(before, after, RULES).exit_code == 1
    assert compare_suite(before, after, GateRules({"map.toy": 0.1}, timing=None)).exit_code == 0


def test_an_empty_baseline_is_none(project: Project) -> None:
    found = compare_suite(project.standing(), project.standing(_records(project)), RULES)
    assert (found.counts, found.exit_code) == ({"missing baseline": 2}, 4)


def test_results_of_other_code_are_missing_and_a_baseline_may_be_of_other_code(project: Project) -> None:
    records = _records(project)
    other = [
        replace(record, stages=(StageRecord("blur", 1, {}, origin=Origin("somewhere", "1", "other code")),))
        for record in records
    ]
    found = compare_suite(project.standing(records), project.standing(other), RULES)
    assert found.exit_code == 3
    assert {cell.detail for cell in found.cells} == {OTHER_CODE}
    assert compare_suite(project.standing(other), project.standing(records), RULES).exit_code == 0


def test_records_that_were_altered_count_for_nothing_on_either_side(project: Project) -> None:
    records = _records(project)
    whole, altered = (
        project.standing(found) for found in (records, [replace(records[0], checksum="of other content"), *records[1:]])
    )
    found = compare_suite(whole, altered, RULES)
    assert (found.counts, found.exit_code) == ({"missing cell": 1, "same": 1}, 3)
    assert next(cell.detail for cell in found.cells if cell.outcome == "missing cell") == ALTERED
    assert found.notes == ("1 records of the results were changed after they were written and count for nothing",)
    found = compare_suite(altered, whole, RULES)
    assert found.counts == {"new cell": 1, "same": 1}
    assert found.notes == ("1 records of the baseline were changed after they were written and count for nothing",)
