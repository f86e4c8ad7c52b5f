from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metrics.blocks import paired_blocks
from harness.metrics.kernel import PairCounter
from harness.metrics.overlap import overlap_table, table_of_pairs
from harness.metrics.parts import LabelPairs, added, counted

TABLE = ("truth_ids", "pred_ids", "truth_sizes", "pred_sizes", "rows", "cols", "counts")


@given(seed=st.integers(0, 2**32 - 1), cuts=st.integers(1, 9), groups=st.integers(1, 4))
def test_parts_add_up_to_the_table_whatever_their_number_and_order(seed: int, cuts: int, groups: int) -> None:
    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(1, 12)), int(rng.integers(1, 12)))
    truth, pred = (rng.integers(0, 5, shape).astype(np.uint16) for _ in range(2))
    blocks = paired_blocks(truth, pred, block=(2, 3))
    order = rng.permutation(len(blocks.regions))
    parts = [counted(blocks, [blocks.regions[int(n)] for n in share]) for share in np.array_split(order, cuts)]
    sums = [added(parts[first::groups]) for first in range(groups)]
    total = added(sums)
    assert len(np.unique(total.ids, axis=0)) == len(total.ids)
    found = table_of_pairs(total.ids, total.counts, truth=truth.dtype, pred=pred.dtype)
    expected = overlap_table(truth, pred)
    assert found.voxels == expected.voxels
    assert all(np.array_equal(getattr(found, name), getattr(expected, name)) for name in TABLE)


def test_a_sum_of_many_pairs_grows() -> None:
    ids = np.stack([np.arange(50_000), np.arange(50_000) % 7], axis=1).astype(np.uint64)
    part = LabelPairs(ids, np.full(50_000, 3))
    total = added([part, part])
    assert part.nbytes == 50_000 * 24
    assert len(total.ids) == 50_000
    assert set(total.counts) == {6}
    assert added([]).ids.shape == (0, 2)


def test_other_arrays_are_not_added() -> None:
    with pytest.raises(ValueError, match="cannot be added"):
        PairCounter().add_pairs(np.zeros((2, 2), np.int64), np.ones(2, np.int64))
    with pytest.raises(ValueError, match="cannot be added"):
        PairCounter().add_pairs(np.zeros((2, 2), np.uint64), np.ones(3, np.int64))
