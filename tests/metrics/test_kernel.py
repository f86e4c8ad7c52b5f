"""The compiled counter against a dictionary."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from harness.metrics.kernel import FIRST_BITS, PairCounter


def counted(counter: PairCounter) -> dict[tuple[int, int], int]:
    ids, counts = counter.pairs()
    return {(int(t), int(p)): int(n) for (t, p), n in zip(ids, counts, strict=True)}


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.uint64])
def test_counts_equal_a_dictionary(dtype: type) -> None:
    rng = np.random.default_rng(1)
    truth, pred = (np.repeat(rng.integers(0, 9, 500), 3).astype(dtype) for _ in range(2))
    counter = PairCounter()
    counter.add(truth, pred)
    counter.add(truth[:7], pred[:7])
    assert counted(counter) == Counter(
        zip([*truth.tolist(), *truth[:7].tolist()], [*pred.tolist(), *pred[:7].tolist()], strict=True)
    )


@pytest.mark.parametrize("shift", [0, 16, 32, 43])
def test_grows_beyond_the_first_table(shift: int) -> None:
    labels = np.arange(4 << FIRST_BITS, dtype=np.uint64) << np.uint64(shift)
    counter = PairCounter()
    counter.add(labels, labels[::-1].copy())
    ids, counts = counter.pairs()
    assert np.array_equal(np.sort(ids[:, 0]), labels)
    assert np.all(ids[:, 0] + ids[:, 1] == labels[-1])
    assert np.all(counts == 1)


def test_extreme_labels() -> None:
    truth = np.array([2**64 - 1, 2**64 - 1, 0, 2**63], np.uint64)
    counter = PairCounter()
    counter.add(truth, truth)
    assert counted(counter) == {(2**64 - 1, 2**64 - 1): 2, (0, 0): 1, (2**63, 2**63): 1}


@pytest.mark.parametrize("size", [1, 2, 63, 64, 65, 66, 127, 128, 129, 1000])
@pytest.mark.parametrize("offset", [0, 1, 3])
def test_any_length_and_alignment(size: int, offset: int) -> None:
    rng = np.random.default_rng(size)
    truth, pred = (np.repeat(rng.integers(0, 3, size + offset), 5)[offset : offset + size] for _ in range(2))
    truth, pred = truth.astype(np.uint16), np.concatenate([np.zeros(offset), pred]).astype(np.uint16)[offset:]
    counter = PairCounter()
    counter.add(truth, pred)
    assert counted(counter) == Counter(zip(truth.tolist(), pred.tolist(), strict=True))


def test_arrays_of_unequal_length_or_type_are_refused() -> None:
    good = np.zeros(8, np.uint32)
    for wrong in (good[:7], good.astype(np.uint64), good.reshape(2, 4)):
        with pytest.raises(ValueError, match="cannot be counted"):
            PairCounter().add(good, wrong)
