"""Confidences belong to the objects that are predicted."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.errors import LabelError
from harness.metrics import Pair

TRUTH, PRED = np.array([1, 1, 0, 2]), np.array([4, 4, 0, 9])


def test_confidences_lie_along_the_predicted_objects() -> None:
    ranked = Pair(TRUTH, PRED, confidences={9: 0.25, 4: 0.75}).ranked
    assert ranked.confidences.tolist() == [0.75, 0.25]
    assert ranked.table.n_pred == 2


@pytest.mark.parametrize(
    ("confidences", "message"),
    [
        (None, "gives no confidences"),
        ({4: 0.5, 9: 0.5, 90: 0.5}, r"label 90, which is not in the prediction \(1 such\); did you mean '9'"),
        ({4: 0.5}, r"object 9 has no confidence \(1 such\)"),
        ({4: 0.5, 9: math.nan}, "object 9 is nan; accepted: finite numbers"),
    ],
)
def test_confidences_of_other_objects_are_refused(confidences: dict[int, float] | None, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        _ = Pair(TRUTH, PRED, confidences=confidences).ranked


def test_objects_that_are_left_out_may_have_one() -> None:
    pair = Pair(TRUTH, PRED, ignore=np.array([0, 0, 0, 1]), confidences={4: 0.5, 9: 0.5})
    assert pair.ranked.confidences.tolist() == [0.5]


def test_an_empty_prediction_has_none() -> None:
    assert Pair(TRUTH, np.zeros(4, int), confidences={}).ranked.confidences.size == 0
