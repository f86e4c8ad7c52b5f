from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harness.model import Volume
from harness.stages.prompting.prompts_grid import PromptsGrid, grid_points
from tests.stages.prompting.scenes import prompts_of


def test_points_stand_row_after_row_where_the_library_puts_them() -> None:
    points = grid_points((8, 16), 2)
    assert (points - 0.5).tolist() == [[2, 4], [2, 12], [6, 4], [6, 12]]


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 12))
def test_no_point_leaves_the_plane(rows: int, columns: int, per_side: int) -> None:
    points = grid_points((rows, columns), per_side)
    assert len(points) == per_side**2
    assert (points > 0).all()
    assert (points <= [rows, columns]).all()


def test_every_point_asks_for_an_object_of_its_own() -> None:
    image = Volume(np.zeros((2, 6, 8), dtype=np.float32), "ZYX")
    made = prompts_of(PromptsGrid({"per_side": 3}), image)
    assert made.point_objects.tolist() == list(range(1, 19))
    assert made.points[:, 0].tolist() == [0.5] * 9 + [1.5] * 9
    assert made.point_labels.all()
