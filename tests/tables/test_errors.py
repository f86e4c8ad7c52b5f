"""Objects by class of error, summed over the cells of each row."""

from __future__ import annotations

from dataclasses import replace

from harness.metrics.errors import PRED_CLASSES, TRUTH_CLASSES, count_name
from harness.model import Cell
from harness.project import Project
from harness.standing import Standing
from harness.store import CellError, Record
from harness.tables.errors import SHOWN, ErrorRow, error_notes, error_rows
from tests.cli.project import Cli
from tests.records import record_of


def counts(**own: int) -> dict[str, int]:
    """Counts of a pair: nothing but what is named, as truth_correct=3."""
    names = [count_name("truth", name) for name in TRUTH_CLASSES] + [count_name("pred", name) for name in PRED_CLASSES]
    found = dict.fromkeys(names, 0)
    for name, number in own.items():
        side, _, error_class = name.partition("_")
        found[count_name(side, error_class.replace("_", " "))] = number
    return found


def rows_of(cli: Cli, records: dict[tuple[str, str], Record | dict[str, int] | None]) -> tuple[ErrorRow, ...]:
    project = Project.find(cli.folder)
    suite = project.suite("toy")
    cells = project.cells(suite, "smoke")

    def record(cell: Cell) -> Record | None:
        given = records.get((cell.row, cell.sample))
        return replace(record_of(cell), counts=given) if isinstance(given, dict) else given

    kept = [made for made in map(record, cells) if made is not None]
    return error_rows(Standing.join(suite, "smoke", cells, kept, metrics=project.metrics_of(suite)))


def test_cells_add_up(cli: Cli) -> None:
    one = counts(truth_correct=5, truth_missed=2, pred_spurious=1, pred_split=9)
    other = {**counts(truth_correct=1, truth_poor_boundary=3), "seeds:errors.truth.correct": 77}
    (row,) = rows_of(cli, {("otsu", "a"): one, ("otsu", "b"): other})
    assert (row.id, row.label, row.cells, row.counted, row.truth) == ("otsu", "Otsu", 2, 2, 11)
    assert list(row.objects) == list(SHOWN)
    assert {name: number for name, number in row.objects.items() if number} == {
        "correct": 6,
        "poor boundary": 3,
        "missed": 2,
        "spurious": 1,
    }
    assert error_notes([row]) == ()


def test_cells_that_keep_no_classes_are_named_and_failures_left_out(cli: Cli) -> None:
    project = Project.find(cli.folder)
    cells = {(cell.row, cell.sample): cell for cell in project.cells(project.suite("toy"), "smoke")}
    failed = record_of(cells["truth", "a"], status="exception", error=CellError("ValueError", "broke"))
    rows = rows_of(
        cli,
        {
            ("otsu", "a"): counts(truth_merged=4),
            ("otsu", "b"): {"objects.truth": 4},
            ("truth", "a"): failed,
            ("truth", "b"): counts(truth_correct=2),
        },
    )
    assert [(row.id, row.cells, row.counted) for row in rows] == [("truth", 1, 1), ("otsu", 2, 1)]
    (note,) = error_notes(rows)
    assert note.startswith("Otsu: 1 of 2 scored cells keep no classes of errors and are left out; `harness rescore`")


def test_rows_without_any_classes_are_not_shown(cli: Cli) -> None:
    assert rows_of(cli, {("otsu", "a"): {"objects.truth": 4}}) == ()
