from __future__ import annotations

import numpy as np

from tests.stages.chains import discs, labels, labels_of, make


def test_pairs_share_an_id() -> None:
    truth = discs((60, 80))[1]
    count = len(np.unique(truth)) - 1
    made = labels_of([make("merged")], {"truth": labels(truth)})
    assert ((made > 0) == (truth > 0)).all()
    assert made.max() == len(np.unique(made)) - 1
    assert count - count // 2 <= made.max() < count


def test_fraction_is_seeded() -> None:
    truth = labels(discs((96, 96))[1])
    some = [labels_of([make("merged", fraction=0.3)], {"truth": truth}, seed=seed) for seed in (1, 1, 3)]
    assert (some[0] == some[1]).all()
    assert (some[0] != some[2]).any()


def test_one_object_and_none() -> None:
    for value in (0, 1):
        alone = labels(np.full((4, 4), value, dtype=np.uint8))
        assert (labels_of([make("merged")], {"truth": alone}) == value).all()
