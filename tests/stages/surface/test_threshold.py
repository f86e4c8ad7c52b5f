from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError, ParameterError
from harness.stages.surface.threshold import Threshold
from tests.stages.chains import make, probability, run

FOREGROUND = np.array([[0.2, 0.5, 0.9]], np.float32)
BOUNDARY = np.array([[0.8, 0.1, 0.9]], np.float32)


@pytest.mark.parametrize(
    ("of", "rule", "expected"),
    [
        (("foreground",), "any", [0, 0, 1]),
        (("foreground", "boundary"), "any", [1, 0, 1]),
        (("foreground", "boundary"), "all", [0, 0, 1]),
    ],
)
def test_channels_are_joined(of: tuple[str, ...], rule: str, expected: list[int]) -> None:
    given = {"probability": probability(BOUNDARY, FOREGROUND)}
    made = run([make("threshold", of=list(of), rule=rule)], given)["surface"]
    assert made.array.dtype == np.uint8
    assert made.array.tolist() == [expected]


def test_the_result_stands_where_it_is_asked_for() -> None:
    made = run([make("threshold", makes="initial")], {"probability": probability(BOUNDARY, FOREGROUND)})
    assert "initial" in made


def test_an_absent_channel_is_named() -> None:
    with pytest.raises(DataError, match="no channel 'foreground'"):
        run([make("threshold")], {"probability": probability(BOUNDARY)})
    with pytest.raises(ParameterError, match="must not be empty"):
        Threshold({"of": []})
