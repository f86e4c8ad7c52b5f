from __future__ import annotations

from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pytest

import harness
from harness.cli.main import main
from harness.errors import IncompleteError
from harness.model import Grid
from harness.project import Project
from harness.report.prompts import BOX, INSIDE, MASK, OUTSIDE, cell_prompts, fullest_plane, prompt_picture
from harness.stages.values import Prompts

SUITE = """
schema = 1
id = "pictures"
version = 1
title = "Prompts to draw"
metrics = ["count.pred"]
[tiers.smoke]
data = [{ dataset = "phantom-nuclei-2d", samples = ["test-1"] }]
truth = "gold"
[[rows]]
id = "boxes"
stages = [{ id = "prompts-boxes" }, { id = "boxes-as-reference" }, { id = "otsu-components" }]
[[rows]]
id = "nothing-asked"
stages = [{ id = "otsu-components" }]
[[rows]]
id = "asked-by-labels"
stages = [{ id = "otsu-components" }, { id = "prompts-boxes", of = "labels" }, { id = "boxes-as-reference" }]
"""


def colours(picture: np.ndarray, colour: tuple[int, int, int]) -> list[list[int]]:
    return np.argwhere((picture == np.array(colour)).all(axis=-1)).tolist()


def test_boxes_points_and_outlines_have_their_colours() -> None:
    grid = Grid("YX", (30, 40))
    prompts = Prompts.of(grid, boxes={1: ((2, 3), (10, 12))}, points=[(1, (5.5, 6.5), True), (1, (29.5, 39.5), False)])
    labels = np.zeros(grid.shape, dtype=np.uint8)
    labels[20:24, 20:24] = 1
    picture = prompt_picture(np.random.default_rng(0).random(grid.shape), prompts, 0, labels)
    assert [2, 3] in colours(picture, BOX)
    assert [9, 11] in colours(picture, BOX)
    assert [10, 12] not in colours(picture, BOX)
    assert [5, 6] in colours(picture, INSIDE)
    assert [29, 39] in colours(picture, OUTSIDE)
    assert len(colours(picture, MASK)) == 12


def test_a_point_that_is_inside_for_one_object_and_outside_for_another_shows_both() -> None:
    grid = Grid("YX", (20, 20))
    middle = (10.5, 10.5)
    prompts = Prompts.of(grid, points=[(1, middle, True), (2, (4.5, 4.5), True), (2, middle, False)])
    picture = prompt_picture(np.zeros(grid.shape), prompts, 0)
    assert all(at in colours(picture, INSIDE) for at in ([10, 10], [8, 10], [10, 12]))
    assert colours(picture, OUTSIDE) == [[8, 8], [8, 12], [9, 9], [9, 11], [11, 9], [11, 11], [12, 8], [12, 12]]


def test_a_small_plane_is_enlarged_and_its_lines_are_thinner_than_its_pixels() -> None:
    grid = Grid("YX", (10, 12))
    prompts = Prompts.of(grid, boxes={1: ((2, 3), (6, 8))}, points=[(1, (4.5, 5.5), True)])
    labels = np.zeros(grid.shape, dtype=np.uint8)
    labels[7:9, 1:3] = 1
    picture = prompt_picture(np.zeros(grid.shape), prompts, 0, labels, times=12)
    assert picture.shape == (120, 144, 3)
    box = np.array(colours(picture, BOX))
    assert (box.min(axis=0).tolist(), box.max(axis=0).tolist()) == ([24, 36], [71, 95])
    assert len(box) == 48 * 60 - 42 * 54
    assert [54, 66] in colours(picture, INSIDE)
    assert len(colours(picture, MASK)) == 24 * 24 - 20 * 20


def test_prompts_at_the_border_are_drawn_inside() -> None:
    grid = Grid("YX", (5, 6))
    prompts = Prompts.of(grid, boxes={1: ((0, 0), (5, 6))}, points=[(1, (5.0, 6.0), True)])
    picture = prompt_picture(np.zeros(grid.shape), prompts, 0)
    assert picture.shape == (5, 6, 3)
    assert [4, 5] in colours(picture, INSIDE)


def test_a_plane_shows_its_own_prompts() -> None:
    grid = Grid("ZYX", (4, 9, 9))
    prompts = Prompts.of(
        grid, boxes={1: ((0, 1, 1), (1, 4, 4))}, points=[(1, (2.5, 4.5, 4.5), True), (2, (2.5, 7.5, 7.5), True)]
    )
    assert fullest_plane(prompts) == 2
    picture = prompt_picture(np.zeros((9, 9)), prompts, 2)
    assert colours(picture, BOX) == []
    assert len(colours(picture, INSIDE)) > 0
    assert fullest_plane(Prompts.of(grid)) == 0


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "pictures.toml"
    path.write_text(SUITE, encoding="utf-8")
    return path


def test_the_prompts_of_a_cell_are_drawn(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = Project.find(Path(__file__).parent)
    results = suite.parent / "results"
    harness.run(suite, results=results, project=project)
    cells = {cell.row: cell for cell in project.cells(project.suite(str(suite)), "smoke")}
    assert len(cell_prompts(project, cells["boxes"]).boxes) > 5
    for row, reason in (
        ("nothing-asked", "no stage of its chain makes prompts"),
        ("asked-by-labels", "come of 'labels'"),
    ):
        with pytest.raises(IncompleteError, match=reason):
            cell_prompts(project, cells[row])
    told = ["--to", str(suite.parent / "out"), "--suite", str(suite), "--results", str(results)]
    assert main(["export", "boxes on phantom-nuclei-2d/test-1", "--prompts", *told]) == 0
    path = Path(capsys.readouterr().out.strip())
    assert colours(imageio.imread(path), BOX)
    assert main(["export", "nothing-asked on phantom-nuclei-2d/test-1", "--prompts", *told]) == 3
