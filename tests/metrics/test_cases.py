"""The toy pairs are what their names say."""

from __future__ import annotations

import numpy as np
import pytest

from harness.metrics.cases import CASES, TEN, image


@pytest.mark.parametrize("name", CASES)
def test_pairs_have_one_shape_and_no_negative_label(name: str) -> None:
    truth, pred = CASES[name]()
    assert truth.shape == pred.shape == (20, 20)
    assert min(truth.min(), pred.min()) >= 0


def test_half_missed_has_an_iou_of_one_half() -> None:
    truth, pred = CASES["half missed, IoU exactly .5"]()
    assert 2 * np.sum((truth > 0) & (pred > 0)) == np.sum((truth > 0) | (pred > 0))


def test_image_draws_on_a_background() -> None:
    drawn = image((TEN, 4), background=7)
    assert (drawn == 4).sum() == 100
    assert (drawn == 7).sum() == 300
