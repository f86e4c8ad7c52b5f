from __future__ import annotations

import numpy as np

from tests.stages.chains import labels, labels_of, make


def test_objects_grow_and_stop_where_they_meet() -> None:
    truth = np.zeros((1, 9), dtype=np.uint16)
    truth[0, 2], truth[0, 5] = 40, 7
    made = labels_of([make("dilated", pixels=2.0)], {"truth": labels(truth)})
    assert made[0].tolist() == [2, 2, 2, 2, 1, 1, 1, 1, 0]


def test_no_object() -> None:
    assert not labels_of([make("dilated")], {"truth": labels(np.zeros((4, 4), dtype=np.uint8))}).any()
