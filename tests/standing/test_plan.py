from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from harness.model import Volume
from harness.predictions import Predictions
from harness.standing.plan import Download, RowPlan, plan, same_rows, seconds_per_voxel
from harness.store import StageTiming
from harness.suite import Selection
from tests.helpers import SUITE, FakeAvailability, Project, toy_weights
from tests.records import record_of


@dataclass(frozen=True)
class CellTime:
    row: str
    total_s: float
    stages: tuple[StageTiming, ...] = ()
    cell: str = "key of another day"


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
    stages = (StageTiming("blur", load_s=1.0, first_s=2.0), StageTiming("cut", fit_s=3.0, first_s=4.0))
    found = project.plan(tier="paper", timings=[CellTime("another", 99.0, stages)])
    otsu = found.rows[0]
    assert (otsu.cell_s, otsu.source, otsu.trainings, otsu.training_s) == (7.0, "other rows", 5, 15.0)
    assert found.unknown_rows == ("net",)
    assert found.known_s == 50.0


def test_seconds_of_what_a_row_was_before_are_said_to_be(project: Project) -> None:
    net = project.cells(tier="paper")[-1]
    today, before = CellTime("net", 10.0, cell=net.key), CellTime("net", 10.0)
    assert project.plan(tier="paper", timings=[today]).rows[1].source == ""
    assert project.plan(tier="paper", timings=[before]).rows[1].source == "an earlier chain"


def test_a_row_never_run_on_the_paper_tier_costs_its_seconds_a_voxel_on_the_mini_tier(project: Project) -> None:
    volumes = project.catalogue.dataset("volumes")
    volumes.sizes = {sample: 1000 * number for number, sample in enumerate(volumes.sample_ids(), 1)}
    standing = project.standing(tier="paper")
    mean = sum(volumes.sizes[cell.sample] for cell in standing.cells if cell.row == "otsu") / 5
    otsu, net = plan(standing, project.catalogue, per_voxel_s={"otsu": 0.5}).rows
    assert (otsu.cell_s, otsu.source) == (0.5 * mean, "the mini tier")
    assert net.cell_s is None
    measured = plan(standing, project.catalogue, [CellTime("otsu", 7.0)], per_voxel_s={"otsu": 0.5}).rows[0]
    assert (measured.cell_s, measured.source) == (7.0, "an earlier chain")
    volumes.sizes = dict(list(volumes.sizes.items())[1:])
    assert plan(standing, project.catalogue, per_voxel_s={"otsu": 0.5}).rows[0].cell_s is None


def test_seconds_a_voxel_are_those_of_rows_whose_stages_were_measured(project: Project) -> None:
    cells = project.cells(tier="paper")
    volumes = project.catalogue.dataset("volumes")
    volumes.sizes = dict.fromkeys(volumes.sample_ids(), 100)
    made = (StageTiming("blur", load_s=1.0, first_s=2.0), StageTiming("cut", fit_s=50.0, first_s=1.0, cached=True))
    unknown = (StageTiming("learn", cached=True),)
    timings = [
        CellTime("otsu", 118.0, made, cells[0].key),
        CellTime("otsu", 0.1, (replace(made[0], first_s=4.0),), cells[1].key),
        CellTime("otsu", 9.0, (replace(made[0], first_s=99.0),)),
        CellTime("net", 5.0, unknown, cells[-1].key),
    ]
    standing = replace(project.standing(tier="paper"), timings=tuple(timings))
    assert seconds_per_voxel(standing, project.catalogue) == {"otsu": pytest.approx(0.045)}
    volumes.sizes = {}
    assert seconds_per_voxel(standing, project.catalogue) == {}


def test_trainings_are_counted_once_and_apart(project: Project) -> None:
    text = SUITE + '[[rows]]\nid = "same"\nstages = [{ id = "learn", steps = 50 }]\n'
    timings = [CellTime(row, 33.0, (StageTiming("learn", fit_s=30.0, first_s=2.0),)) for row in ("net", "same")]
    done = [cell for cell in project.cells(text, "paper") if cell.row == "net"][:2]
    _, net, same = project.plan(text, "paper", done=done, timings=timings).rows
    assert (net.cell_s, net.trainings, net.training_s, net.remaining_s) == (3.0, 3, 90.0, 99.0)
    assert (same.trainings, same.remaining_s) == (2, 75.0), "three of its five models are trained for the row above"


def test_hours_of_a_gpu_are_those_measured_on_one(project: Project) -> None:
    on_gpu = CellTime("net", 33.0, (StageTiming("learn", fit_s=30.0, first_s=2.0, device="cuda"),))
    assert project.plan(tier="paper", timings=[on_gpu]).gpu_s == 5 * (30.0 + 2.0)
    assert project.plan(tier="paper", timings=[CellTime("net", 33.0)]).gpu_s == 0.0


def test_what_must_be_downloaded(project: Project) -> None:
    project.catalogue.dataset("volumes").absent = {"a.zip": 1000, "b.tif": None}
    project.catalogue._weights["big"] = toy_weights("big", absent={"big.pt": 500})
    text = SUITE + '[[rows]]\nid = "ready"\nstages = [{ id = "learn", weights = "big" }]\n'
    assert project.plan(text, "paper").download == Download(files=3, unsized=1, bytes=1500)
    assert project.plan(text, "paper", done=project.cells(text, "paper")).download == Download()
    assert project.plan(text, "smoke").download == Download(files=1, bytes=500)


def test_disk_of_predictions_is_that_of_recorded_cells(project: Project, tmp_path: Path) -> None:
    cells = project.cells(tier="paper")
    store = Predictions(tmp_path / "cache")
    digest = store.keep(Volume(np.ones((4, 4), np.uint8), "YX"))
    records = [replace(record_of(cells[0]), prediction={"labels": digest})]
    standing = project.standing(records, tier="paper")
    assert plan(standing, project.catalogue, (), store).kept_bytes == 9 * store.bytes_of(digest)
    store.clear()
    assert plan(standing, project.catalogue, (), store).kept_bytes is None


def test_cells_that_reused_a_stage_do_not_count_as_a_whole(project: Project) -> None:
    cached = CellTime("net", 0.1, (StageTiming("learn", fit_s=30.0, first_s=1.0, cached=True),))
    row = project.plan(tier="paper", timings=[cached]).rows[1]
    assert (row.cell_s, row.remaining_s) == (1.0, 5 * 31.0)


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
