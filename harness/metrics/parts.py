"""Parts of an overlap table: label pairs counted in some blocks of two images; those of all blocks add up to the table.

Parts are added in any order and in any grouping: counts are whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from harness.metrics.blocks import PairedBlocks, Slices


@dataclass(frozen=True, slots=True, eq=False)
class LabelPairs:
    """Pairs of a truth and a predicted label that share voxels, each once, in no order.

    ids     (n, 2) uint64
    counts  (n,) int64: shared voxels, at least 1
    """

    ids: np.ndarray
    counts: np.ndarray

    @property
    def nbytes(self) -> int:
        """Bytes of both arrays."""
        return self.ids.nbytes + self.counts.nbytes


def counted(blocks: PairedBlocks, regions: Iterable[Slices]) -> LabelPairs:
    """Return the pairs of some regions of two images; none where all of their voxels are ignored."""
    from harness.metrics.kernel import PairCounter

    counter = PairCounter()
    for truth, pred in blocks.each(regions):
        counter.add(truth, pred)
    return LabelPairs(*counter.pairs())


def added(parts: Iterable[LabelPairs]) -> LabelPairs:
    """Return the sum of parts; memory grows with the pairs of the sum, not with the number of parts."""
    from harness.metrics.kernel import PairCounter

    counter = PairCounter()
    for part in parts:
        counter.add_pairs(part.ids, part.counts)
    return LabelPairs(*counter.pairs())
