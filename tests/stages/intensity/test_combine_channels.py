from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError, ParameterError
from tests.stages.chains import image, make, run

A = np.array([[1.0, 2.0], [6.0, 0.0]])
B = np.array([[4.0, 0.0], [3.0, 0.0]])


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("add", A + B),
        ("subtract", A - B),
        ("multiply", A * B),
        ("max", np.maximum(A, B)),
        ("min", np.minimum(A, B)),
        ("divide", np.array([[0.25, 0.0], [2.0, 0.0]])),
    ],
)
def test_two_channels_become_one(operation: str, expected: np.ndarray) -> None:
    stage = make("combine-channels", first="a", second="b", operation=operation, name="both")
    made = run([stage], {"image": image(np.stack([A, B]), (1.0, 1.0), ("a", "b"))})["image"]
    assert (made.axes, made.channels, made.spacing_um) == ("YX", ("both",), (1.0, 1.0))
    np.testing.assert_allclose(made.array, expected)


def test_mistakes() -> None:
    stage = make("combine-channels", first="a", second="c")
    with pytest.raises(DataError, match="no channel 'c'"):
        run([stage], {"image": image(np.stack([A, B]), None, ("a", "b"))})
    with pytest.raises(ParameterError, match="operation"):
        make("combine-channels", first="a", second="b", operation="power")
