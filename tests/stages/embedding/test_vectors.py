from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harness.errors import DataError
from harness.model import Volume
from harness.stages.embedding.vectors import by_size, labels_from, require_same_channels, require_voxels, vectors_of
from tests.stages.chains import same_partition
from tests.stages.embedding.embeddings import embedding


def test_voxels_come_in_the_order_of_the_image() -> None:
    array = np.arange(24).reshape(2, 3, 4)
    vectors = vectors_of(embedding(array), "x")
    assert vectors.shape == (12, 2)
    assert vectors[5].tolist() == array[:, 1, 1].tolist()
    np.testing.assert_array_equal(labels_from(np.arange(12), embedding(array)).array, np.arange(12).reshape(3, 4))


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_what_is_not_finite_is_refused(wrong: float) -> None:
    array = np.zeros((2, 3, 4))
    array[1, 2, 3] = wrong
    with pytest.raises(DataError, match="here: 1 of 24 image values are NaN or infinite"):
        vectors_of(embedding(array), "here")


def test_too_few_voxels_and_different_channels_are_refused() -> None:
    with pytest.raises(DataError, match="here: 2 voxels; accepted: at least 3, as many as components"):
        require_voxels(np.zeros((2, 1)), 3, "as many as components", "here")
    volumes = {"embedding": embedding(np.zeros((2, 3, 3))), "embedding-twin": embedding(np.zeros((3, 3, 3)))}
    with pytest.raises(DataError, match=r"embedding \(2, 3, 3\), embedding-twin \(3, 3, 3\); accepted: one shape"):
        require_same_channels(volumes, "here")


def test_ids_fall_with_size() -> None:
    assert by_size(np.array([7, 7, 0, 3, 3, 3, 9])).tolist() == [2, 2, 0, 1, 1, 1, 3]
    assert by_size(np.array([5, 2, 0, 0, 0])).tolist() == [1, 2, 0, 0, 0]
    assert by_size(np.zeros(3, int)).tolist() == [0, 0, 0]


@given(arrays(np.int64, st.integers(1, 40), elements=st.integers(0, 6)))
def test_ids_say_nothing_but_the_partition(labels: np.ndarray) -> None:
    made = by_size(labels)
    assert made.dtype == np.uint32
    assert same_partition(made, labels)
    np.testing.assert_array_equal(made == 0, labels == 0)
    np.testing.assert_array_equal(made, by_size(np.where(labels > 0, 100 - labels, 0)))
    sizes = np.bincount(made)[1:]
    assert (np.diff(sizes) <= 0).all()


def test_a_volume_keeps_its_spacing() -> None:
    volume = Volume(np.zeros((2, 3, 4, 5), np.float32), "CZYX", (3.0, 1.0, 1.0))
    made = labels_from(np.ones(60, int), volume)
    assert (made.axes, made.spacing_um, made.array.dtype) == ("ZYX", (3.0, 1.0, 1.0), np.uint32)
