from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError, ParameterError
from tests.stages.chains import labels_of, make, same_partition
from tests.stages.embedding.embeddings import embedding, quarters

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

STAGES = ("mean-shift", "mean-shift-fast")


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("shape", [(16, 20), (3, 12, 10)])
def test_clusters_far_apart_are_found(stage: str, shape: tuple[int, ...]) -> None:
    volume, truth = quarters(shape)
    made = labels_of([make(stage)], {"embedding": volume})
    assert made.dtype == np.uint32
    assert same_partition(made, truth)
    assert sorted(np.unique(made)) == [1, 2, 3, 4]


@pytest.mark.parametrize("stage", STAGES)
def test_a_wide_kernel_makes_one_cluster(stage: str) -> None:
    made = labels_of([make(stage, bandwidth=50.0)], {"embedding": quarters()[0]})
    assert (made == 1).all()


@pytest.mark.parametrize("stage", STAGES)
def test_a_constant_embedding_is_one_cluster_if_a_cell_lies_near(stage: str) -> None:
    assert (labels_of([make(stage)], {"embedding": embedding(np.full((16, 5, 6), 1.01))}) == 1).all()
    with pytest.raises(DataError, match=rf"stage '{stage}': no vector lies within the bandwidth 0.5 of a cell"):
        labels_of([make(stage)], {"embedding": embedding(np.full((16, 5, 6), 0.24))})


@pytest.mark.parametrize("stage", STAGES)
def test_one_voxel(stage: str) -> None:
    assert labels_of([make(stage)], {"embedding": embedding(np.zeros((3, 1, 1)))}).tolist() == [[1]]


@pytest.mark.parametrize("stage", STAGES)
def test_every_voxel_may_be_a_cluster(stage: str) -> None:
    array = 10.0 * np.arange(80).reshape(1, 8, 10)
    made = labels_of([make(stage)], {"embedding": embedding(array)})
    assert len(np.unique(made)) == 80


@pytest.mark.parametrize("stage", STAGES)
def test_what_is_not_finite_is_refused(stage: str) -> None:
    array = np.zeros((2, 3, 4))
    array[0, 0, 0] = np.nan
    with pytest.raises(DataError, match=rf"stage '{stage}': embedding: 1 of 24"):
        labels_of([make(stage)], {"embedding": embedding(array)})


def test_a_bandwidth_of_zero_is_refused() -> None:
    with pytest.raises(ParameterError, match="bandwidth"):
        make("mean-shift", bandwidth=0.0)
