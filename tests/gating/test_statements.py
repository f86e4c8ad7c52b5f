from __future__ import annotations

from dataclasses import replace

from harness.gating import Comparison, compare_statements
from tests.store.test_statements import RECORD

N2 = replace(RECORD, row="N2", source={"dataset": "d", "split": "folds", "fold": "2"})


def test_equal_facts_are_the_same() -> None:
    cells = compare_statements([RECORD, N2], [RECORD, replace(N2, key="other")])
    assert [cell.outcome for cell in cells] == ["same", "same"]
    assert [str(cell.id) for cell in cells] == ["N1 on d/1135", "N2 on d/folds fold 2"]
    assert Comparison("s", 1, "mini", cells).exit_code == 0


def test_other_facts_of_the_same_inputs_are_a_regression() -> None:
    changed = replace(RECORD, facts={**RECORD.facts, "count": 53, "names": (), "more": 1})
    (cell,) = compare_statements([RECORD], [changed])
    assert (cell.outcome, cell.inputs_changed) == ("worse", False)
    assert cell.detail == "count 54 -> 53; names a -> none; more nothing -> 1"
    assert Comparison("s", 1, "mini", (cell,)).exit_code == 1


def test_altered_facts_are_compared_and_named() -> None:
    altered = replace(RECORD, facts={**RECORD.facts, "count": 53}, checksum="of something else")
    (cell,) = compare_statements([RECORD], [altered])
    assert (cell.outcome, cell.detail.endswith("; the stored facts were altered")) == ("worse", True)


def test_other_facts_of_other_inputs_are_reported() -> None:
    (cell,) = compare_statements([RECORD], [replace(RECORD, key="new", facts={**RECORD.facts, "count": 53})])
    assert (cell.outcome, cell.inputs_changed) == ("changed", True)
    assert Comparison("s", 1, "mini", (cell,)).exit_code == 0


def test_rows_of_one_side() -> None:
    cells = compare_statements([RECORD], [N2])
    assert [cell.outcome for cell in cells] == ["missing cell", "new cell"]
    assert Comparison("s", 1, "mini", cells).exit_code == 3
    cells = compare_statements([], [N2])
    assert [cell.outcome for cell in cells] == ["missing baseline"]
    assert Comparison("s", 1, "mini", cells).exit_code == 4
    assert compare_statements([], []) == ()


def test_weights_are_named() -> None:
    weights = replace(RECORD, row="w", source={"weights": ("a/*", "b")})
    (cell,) = compare_statements([weights], [weights])
    assert str(cell.id) == "w on weights/a/*, b"
