from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError
from tests.stages.chains import labels, labels_of, make

TRUTH = np.array([[1, 1, 0, 2], [0, 0, 3, 3]], dtype=np.uint16)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"pixels": 1}, [[0, 1, 1, 0], [0, 0, 0, 3]]),
        ({"pixels": -2}, [[0, 2, 0, 0], [3, 3, 0, 0]]),
        ({"pixels": 1, "axis": "Y"}, [[0, 0, 0, 0], [1, 1, 0, 2]]),
        ({"pixels": 0}, TRUTH.tolist()),
        ({"pixels": 9}, [[0] * 4] * 2),
        ({"pixels": -9}, [[0] * 4] * 2),
    ],
)
def test_objects_move_and_do_not_wrap(parameters: dict[str, int], expected: list[list[int]]) -> None:
    made = labels_of([make("shifted", **parameters)], {"truth": labels(TRUTH)})
    assert made.tolist() == expected
    assert made.dtype == TRUTH.dtype


def test_missing_axis_is_an_error() -> None:
    with pytest.raises(DataError, match="axes YX and no Z"):
        labels_of([make("shifted", axis="Z")], {"truth": labels(TRUTH)})
