from __future__ import annotations

from harness.model import Grid, Volume
from harness.stages.prompting.boxes_as_reference import BoxesAsReference
from harness.stages.values import Prompts
from tests.stages.prompting.scenes import context, run


def test_boxes_are_filled_and_smaller_ones_lie_above() -> None:
    grid = Grid("YX", (6, 8), (0.5, 0.5))
    prompts = Prompts.of(grid, boxes={4: ((1, 1), (3, 4)), 9: ((0.4, 0), (5.6, 8))})
    made = run(BoxesAsReference(), {"prompts": prompts}, context(grid))
    assert isinstance(made, Volume)
    assert (made.array[1:3, 1:4] == 4).all()
    assert (made.array == 9).sum() == 48 - 6
    assert made.spacing_um == grid.spacing_um


def test_no_box_is_background() -> None:
    grid = Grid("ZYX", (2, 3, 4))
    made = run(BoxesAsReference(), {"prompts": Prompts.of(grid)}, context(grid))
    assert isinstance(made, Volume)
    assert not made.array.any()
