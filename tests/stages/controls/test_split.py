from __future__ import annotations

import numpy as np

from tests.stages.chains import discs, labels, labels_of, make


def test_every_object_becomes_two() -> None:
    truth = discs((60, 80))[1]
    made = labels_of([make("split")], {"truth": labels(truth)})
    assert len(np.unique(made)) - 1 == 2 * (len(np.unique(truth)) - 1)


def test_fraction_is_seeded() -> None:
    truth = labels(discs((60, 80))[1])
    half = [labels_of([make("split", fraction=0.5)], {"truth": truth}, seed=seed) for seed in (1, 1, 2)]
    assert (half[0] == half[1]).all()
    assert (half[0] != half[2]).any()
    count = len(np.unique(truth.array)) - 1
    assert half[0].max() == count + round(count / 2)
    assert labels_of([make("split", fraction=0.0)], {"truth": truth}).max() == count


def test_no_object() -> None:
    assert not labels_of([make("split")], {"truth": labels(np.zeros((4, 4), dtype=np.uint8))}).any()
