from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.errors import DataError
from harness.model import Volume
from harness.stages.contract import Context
from harness.stages.embedding.remove_background_alike import RemoveBackgroundAlike

LABELS = np.array([[7, 7, 7, 7], [3, 3, 7, 9], [5, 0, 7, 9]], dtype=np.uint16)
VALUES = {7: 0.0, 3: 1.1, 9: 1.3, 5: 8.0, 0: 20.0}


def removed(labels: np.ndarray = LABELS, **given: object) -> np.ndarray:
    values = np.vectorize(VALUES.get)(LABELS).astype(np.float32)
    embedding = Volume(np.stack([values, np.zeros_like(values)]), "CYX")
    volume = Volume(labels, "YX")
    context = Context(volume.grid, seed=0, scratch=Path())
    return RemoveBackgroundAlike(given).run({"labels": volume, "embedding": embedding}, context).array


def test_the_largest_segment_and_those_alike_are_background() -> None:
    # with delta 2 the affinity is (1 - d / 4)^2: .526 at 1.1 and .456 at 1.3
    made = removed()
    assert made.tolist() == [[0, 0, 0, 0], [0, 0, 0, 2], [1, 0, 0, 2]]
    assert made.dtype == np.uint32


def test_how_much_alike_is_a_parameter() -> None:
    assert removed(alike=0.4).tolist() == [[0, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0]]
    assert removed(alike=1.0).max() == 3
    assert removed(delta=0.5).max() == 3


def test_labels_without_an_object_stay() -> None:
    assert not removed(np.zeros_like(LABELS)).any()


def test_another_grid_is_refused() -> None:
    with pytest.raises(DataError, match=r"labels of shape \(2, 2\) and an embedding of \(3, 4\)"):
        removed(np.ones((2, 2), np.uint8))
