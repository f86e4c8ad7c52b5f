from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError
from tests.stages.chains import labels_of, make
from tests.stages.embedding.embeddings import embedding, quarters

pytest.importorskip("hdbscan", reason="hdbscan is not installed")

STAGES = ("hdbscan", "hdbscan-exact", "hdbscan-fast")


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("shape", [(24, 20), (3, 14, 12)])
def test_clusters_far_apart_are_found(stage: str, shape: tuple[int, ...]) -> None:
    volume, truth = quarters(shape)
    made = labels_of([make(stage, min_cluster_size=20)], {"embedding": volume})
    assert made.dtype == np.uint32
    assert sorted(np.unique(made[made > 0])) == [1, 2, 3, 4]
    for number in range(1, 5):
        assert len(np.unique(made[truth == number])) == 1


@pytest.mark.parametrize("stage", STAGES)
def test_what_is_smaller_than_a_cluster_belongs_to_none(stage: str) -> None:
    volume, _ = quarters((24, 20))
    volume.array[:, 3, 4:9] += 50
    made = labels_of([make(stage, min_cluster_size=20)], {"embedding": volume})
    assert not made[3, 4:9].any()
    assert made.max() == 4


@pytest.mark.parametrize("stage", STAGES)
def test_a_constant_embedding_has_no_cluster(stage: str) -> None:
    made = labels_of([make(stage, min_cluster_size=5)], {"embedding": embedding(np.ones((3, 8, 9)))})
    assert not made.any()


@pytest.mark.parametrize("stage", STAGES)
def test_one_cluster_alone_is_none(stage: str) -> None:
    array = np.random.default_rng(0).normal(0, 0.1, (2, 12, 12))
    assert not labels_of([make(stage)], {"embedding": embedding(array)}).any()


@pytest.mark.parametrize("stage", STAGES)
def test_fewer_voxels_than_a_cluster_needs_are_refused(stage: str) -> None:
    with pytest.raises(DataError, match=rf"stage '{stage}': 12 voxels; accepted: at least 50, min_cluster_size"):
        labels_of([make(stage)], {"embedding": embedding(np.zeros((2, 3, 4)))})
