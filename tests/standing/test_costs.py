"""Seconds of cells and of trainings, each counted once."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.model import Cell
from harness.standing.costs import Cost, Costs, trainings_of
from harness.store import StageTiming, Timing
from tests.helpers import SUITE, Project, temp_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return temp_project(tmp_path)


def timing(cell: Cell, total_s: float, *stages: StageTiming, key: str = "") -> Timing:
    return Timing(
        key or cell.key, cell.row, cell.data.dataset, cell.sample, cell.fold.id, 0, "m", "e", "cpu", 1, stages, total_s
    )


def trained(seconds: float, *, again: bool = False, device: str = "cpu") -> StageTiming:
    return StageTiming("learn", load_s=1.0, fit_s=seconds, first_s=2.0, fit_cached=again, device=device)


def test_a_training_is_not_a_cell_s_seconds(project: Project) -> None:
    one, two = [cell for cell in project.cells(tier="paper") if cell.row == "net"][:2]
    costs = Costs([timing(one, 104.0, trained(100.0)), timing(two, 6.0, trained(100.0, again=True))], [one, two])
    assert costs.of("net", ["learn"]) == Cost(5.0, {"learn": 100.0})


def test_where_seconds_come_from(project: Project) -> None:
    otsu, *_ = project.cells(tier="paper")
    stages = StageTiming("blur", load_s=1.0, first_s=2.0), StageTiming("cut", first_s=4.0)
    mine = timing(otsu, 9.0, *stages)
    earlier = timing(otsu, 30.0, *stages, key="another")
    assert Costs([mine, earlier], [otsu]).of("otsu", ["blur", "cut"]) == Cost(9.0)
    assert Costs([earlier], [otsu]).of("otsu", ["blur", "cut"]) == Cost(30.0, source="an earlier chain")
    assert Costs([mine], [otsu]).of("new", ["cut", "blur"]) == Cost(7.0, source="other rows")
    assert Costs([mine], [otsu]).of("new", ["cut", "never"]) is None


def test_a_call_on_a_shape_that_was_seen_before_has_its_seconds_too(project: Project) -> None:
    otsu, *_ = project.cells(tier="paper")
    steady = StageTiming("cut", steady_s=(4.0, 5.0), device="cuda")
    costs = Costs([timing(otsu, 9.0, steady)], [otsu])
    assert costs.of("otsu", ["cut"]) == Cost(9.0, cell_gpu_s=4.0)
    assert costs.of("new", ["cut"]) == Cost(4.0, source="other rows", cell_gpu_s=4.0)


def test_an_output_that_was_made_elsewhere_tells_no_seconds(project: Project) -> None:
    otsu, *_ = project.cells(tier="paper")
    elsewhere = timing(otsu, 0.1, StageTiming("cut", cached=True, device="cuda"))
    assert Costs([elsewhere], [otsu]).of("new", ["cut"]) is None
    here = timing(otsu, 9.0, StageTiming("cut", first_s=4.0))
    assert Costs([elsewhere, here], [otsu]).of("new", ["cut"]) == Cost(4.0, source="other rows")


def test_a_cell_that_reused_outputs_tells_of_its_training_alone(project: Project) -> None:
    net = project.cells(tier="paper")[-1]
    reused = StageTiming("learn", fit_s=100.0, first_s=2.0, cached=True, fit_cached=True)
    assert Costs([timing(net, 0.1, reused)], [net]).of("net", ["learn"]) == Cost(2.0, {"learn": 100.0}, "other rows")


def test_seconds_on_a_gpu(project: Project) -> None:
    net = project.cells(tier="paper")[-1]
    cost = Costs([timing(net, 104.0, trained(100.0, device="cuda"))], [net]).of("net", ["learn"])
    assert cost == Cost(4.0, {"learn": 100.0}, "", 3.0, frozenset({"learn"}))


def test_cells_of_a_fold_and_rows_that_train_alike_share_a_training(project: Project) -> None:
    text = SUITE + '[[rows]]\nid = "same"\nstages = [{ id = "learn", steps = 50 }]\n'
    text += '[[rows]]\nid = "other"\nstages = [{ id = "learn", steps = 51 }]\n'
    cells = project.cells(text, "paper")
    by_row = {
        row: {key for c in cells if c.row == row for _, key in trainings_of(c, ["learn"])}
        for row in ("otsu", "net", "same", "other")
    }
    assert by_row["otsu"] == set()
    assert len(by_row["net"]) == 5
    assert by_row["net"] == by_row["same"]
    assert not by_row["net"] & by_row["other"]
