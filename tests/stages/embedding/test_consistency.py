from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError
from harness.stages.embedding.consistency import agreement
from tests.stages.chains import labels_of, make, same_partition
from tests.stages.embedding.embeddings import embedding, quarters

pytest.importorskip("sklearn", reason="scikit-learn is not installed")


def test_overlap_by_hand() -> None:
    labels = np.array([1, 1, 1, 2, 2, 3])
    twin = np.array([[0.0], [0.1], [9.0], [5.0], [5.1], [5.2]], np.float32)
    medians = agreement(labels, twin, 0.5, 400, np.random.default_rng(0), 1)
    assert medians[0] == 0
    assert medians[1] == pytest.approx(2 / 3, abs=1e-4)  # two of three voxels see 2 of 3
    assert medians[2] == pytest.approx(2 / 3, abs=1e-4)  # both see 2 of their own and 1 of another
    assert medians[3] == pytest.approx(1 / 3, abs=1e-4)


@pytest.mark.parametrize("whose", ["scikit-learn", "fast"])
def test_clusters_that_the_twin_mixes_up_go(whose: str) -> None:
    volume, truth = quarters()
    twin = volume.array.copy()
    twin[:, truth == 2] = twin[:, truth == 3]
    made = labels_of(
        [make("consistency-clustering", mean_shift=whose)], {"embedding": volume, "embedding-twin": embedding(twin)}
    )
    assert not made[(truth == 2) | (truth == 3)].any()
    assert same_partition(made[(truth == 1) | (truth == 4)], truth[(truth == 1) | (truth == 4)])


def test_an_embedding_agrees_with_itself() -> None:
    volume, truth = quarters()
    made = labels_of([make("consistency-clustering", against="embedding")], {"embedding": volume})
    assert same_partition(made, truth)


def test_nothing_may_be_left() -> None:
    volume, _ = quarters()
    twin = embedding(np.random.default_rng(0).normal(0, 20, volume.array.shape))
    assert not labels_of([make("consistency-clustering")], {"embedding": volume, "embedding-twin": twin}).any()


def test_draws_are_those_of_the_seed() -> None:
    volume, _ = quarters(noise=0.3)
    twin = embedding(volume.array + np.random.default_rng(1).normal(0, 0.2, volume.array.shape))
    slots = {"embedding": volume, "embedding-twin": twin}
    one, again = (labels_of([make("consistency-clustering", anchors=3)], slots, seed=7) for _ in range(2))
    np.testing.assert_array_equal(one, again)


def test_a_twin_of_another_width_is_refused() -> None:
    volume, _ = quarters()
    with pytest.raises(DataError, match="stage 'consistency-clustering': embeddings of different shapes"):
        labels_of(
            [make("consistency-clustering")], {"embedding": volume, "embedding-twin": embedding(volume.array[:3])}
        )
