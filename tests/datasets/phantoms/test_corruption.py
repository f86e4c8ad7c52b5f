from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.datasets.phantoms.corruption import corrupt


def _grid(rows: int = 4, columns: int = 5, size: int = 6) -> np.ndarray:
    """Return rows x columns square objects with a gap of 1 between them, ids 10, 20, …"""
    labels = np.zeros((rows * size, columns * size), dtype=np.uint16)
    for row in range(rows):
        for column in range(columns):
            y, x = row * size, column * size
            labels[y : y + size - 1, x : x + size - 1] = 10 * (row * columns + column + 1)
    return labels


def _count(labels: np.ndarray) -> int:
    return int(np.count_nonzero(np.unique(labels)))


def test_nothing_changes_at_rate_zero() -> None:
    assert np.array_equal(corrupt(_grid()), _grid())


@pytest.mark.parametrize(
    ("rates", "count"),
    [({"misses": 0.25}, 15), ({"splits": 0.25}, 25), ({"merges": 0.25}, 15), ({"misses": 1.0}, 0)],
)
def test_each_error_changes_the_count_as_documented(rates: dict[str, float], count: int) -> None:
    assert _count(corrupt(_grid(), **rates, seed=3)) == count


def test_splits_keep_the_foreground_and_divide_it() -> None:
    result = corrupt(_grid(), splits=0.5, seed=1)
    assert np.array_equal(result > 0, _grid() > 0)
    fresh = result > 200
    assert 0.2 < fresh.sum() / (np.isin(_grid(), np.unique(_grid()[fresh]))).sum() < 0.8


def test_merges_join_neighbours() -> None:
    result = corrupt(_grid(), merges=0.1, seed=1)
    changed = result != _grid()
    for name in np.unique(result[changed]):
        members = np.unique(_grid()[result == name])
        assert len(members) == 2
        assert abs(int(members[1]) - int(members[0])) in (10, 50)


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.integers(0, 1000))
def test_any_rates_give_valid_labels(merges: float, splits: float, misses: float, seed: int) -> None:
    labels = _grid(3, 3, 4)
    before = labels.copy()
    result = corrupt(labels, merges=merges, splits=splits, misses=misses, seed=seed, spacing_um=(2.0, 1.0))
    assert np.array_equal(labels, before)
    assert result.shape == labels.shape
    assert result.dtype.kind == "u"
    assert not (result[labels == 0]).any()
    assert np.array_equal(
        result, corrupt(labels, merges=merges, splits=splits, misses=misses, seed=seed, spacing_um=(2, 1))
    )


def test_wide_ids_and_images_without_background() -> None:
    labels = np.array([[2**40, 2**40, 7, 7]], dtype=np.uint64)
    result = corrupt(labels, splits=1.0, seed=0)
    assert _count(result) == 4
    assert result.dtype == np.uint64
    assert corrupt(np.full((1, 4), 255, dtype=np.uint8), splits=1.0).max() == 256


def test_empty_images() -> None:
    assert not corrupt(np.zeros((3, 3), dtype=np.uint8), misses=0.5).any()
    assert corrupt(np.zeros((0, 3), dtype=np.uint8), misses=0.5).shape == (0, 3)


def test_one_voxel_cannot_be_split() -> None:
    labels = np.array([[0, 3]], dtype=np.uint8)
    assert np.array_equal(corrupt(labels, splits=1.0), labels)
