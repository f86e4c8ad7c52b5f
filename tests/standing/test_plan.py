from __future__ import annotations

from dataclasses import dataclass

from harness.standing.plan import RowPlan, plan, same_rows
from harness.suite import Selection
from tests.helpers import SUITE, FakeAvailability, Project, toy_weights


@dataclass(frozen=True)
class StageTime:
    id: str
    load_s: float | None = None
    fit_s: float | None = None
    first_s: float | None = None
    cached: bool = False


@dataclass(frozen=True)
class CellTime:
    row: str
    total_s: float
    stages: tuple[StageTime, ...] = ()


def test_counts_and_what_is_done(project: Project) -> None:
    cells = project.cells(tier="paper")
    found = project.plan(tier="paper", done=cells[:7])
    assert [(row.row, row.cells, row.done, row.remaining) for row in found.rows] == [
        ("otsu", 5, 5, 0),
        ("net", 5, 2, 3),
    ]
    assert found.remaining == 3
    assert found.cells == cells


def test_a_plan_is_of_the_wanted_cells(project: Project) -> None:
    wanted = project.standing(tier="paper").only(Selection(rows=("net",)))
    assert [row.row for row in plan(wanted, project.catalogue).rows] == ["net"]


def test_a_row_costs_what_its_cells_took(project: Project) -> None:
    timings = [CellTime("net", 10.0), CellTime("net", 20.0)]
    otsu, net = project.plan(tier="paper", timings=timings).rows
    assert (otsu.cell_s, net.cell_s, net.remaining_s) == (None, 15.0, 75.0)


def test_a_row_never_run_costs_what_its_stages_took_elsewhere(project: Project) -> None:
    stages = (StageTime("blur", load_s=1.0, first_s=2.0), StageTime("cut", fit_s=3.0, first_s=4.0))
    found = project.plan(tier="paper", timings=[CellTime("another", 99.0, stages)])
    assert found.rows[0].cell_s == 10.0
    assert found.unknown_rows == ("net",)
    assert found.known_s == 50.0


def test_cells_that_reused_a_stage_do_not_count_as_a_whole(project: Project) -> None:
    cached = CellTime("net", 0.1, (StageTime("learn", fit_s=30.0, first_s=1.0, cached=True),))
    assert project.plan(tier="paper", timings=[cached]).rows[1].cell_s == 31.0


def test_nothing_to_do_costs_nothing() -> None:
    assert RowPlan("x", 3, 3, None).remaining_s == 0.0


def test_data_that_is_not_here_is_named_with_its_reason(project: Project) -> None:
    project.catalogue.dataset("volumes").found = FakeAvailability(False, "never released")
    assert project.plan(tier="paper").unavailable == {"volumes": "never released"}
    assert project.plan(tier="smoke").unavailable == {}


def test_rows_that_a_tier_makes_the_same_are_named(project: Project) -> None:
    text = f"""{SUITE}
[[rows]]
id = "net-long"
stages = [{{ id = "learn", steps = 5000 }}]

[tiers.smoke.stages.learn]
steps = 2
"""
    assert project.plan(text, "smoke").same == (("net", "net-long"),)
    assert project.plan(text, "paper").same == ()
    assert same_rows(project.cells(text, "smoke")) == (("net", "net-long"),)


def test_rows_that_differ_in_one_fold_s_weights_are_not_the_same(project: Project) -> None:
    row = '[[rows]]\nid = "{}"\nstages = [{{ id = "learn", weights = "{}" }}]\n'
    project.catalogue._weights["same-1"] = toy_weights("same-1")
    text = (
        SUITE + row.format("folds", "ready-{fold}") + row.format("copy", "ready-{fold}") + row.format("one", "ready-1")
    )
    assert project.plan(text, "paper").same == (("folds", "copy"),)
