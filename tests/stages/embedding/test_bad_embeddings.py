"""What every clustering makes of embeddings that hold no clusters, one, very many, or no numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.errors import DataError
from tests.stages.chains import labels_of, make
from tests.stages.embedding.embeddings import embedding, quarters

for library in ("sklearn", "hdbscan", "bioimage_cpp"):
    pytest.importorskip(library, reason=f"{library} is not installed")

CLUSTERINGS: dict[str, dict[str, Any]] = {
    "mean-shift": {},
    "mean-shift-fast": {},
    "consistency-clustering": {},
    "hdbscan": {},
    "hdbscan-exact": {},
    "hdbscan-fast": {},
    "embedding-mutex-watershed": {},
}


def clustered(stage: str, array: np.ndarray, *after: str, twin: np.ndarray | None = None) -> np.ndarray:
    slots = {"embedding": embedding(array), "embedding-twin": embedding(array if twin is None else twin)}
    return labels_of([make(stage, **CLUSTERINGS[stage]), *(make(each) for each in after)], slots)


@pytest.mark.parametrize("stage", CLUSTERINGS)
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_what_is_no_number_is_refused(stage: str, wrong: float) -> None:
    array = quarters()[0].array
    array[1, 2, 3] = wrong
    with pytest.raises(DataError, match=f"stage '{stage}': embedding: 1 of 1280 image values are NaN or infinite"):
        clustered(stage, array)


def test_a_twin_that_is_no_number_is_refused() -> None:
    array = quarters()[0].array
    with pytest.raises(DataError, match="embedding-twin: 1280 of 1280 image values are NaN or infinite"):
        clustered("consistency-clustering", array, twin=np.full_like(array, np.nan))


@pytest.mark.parametrize("stage", CLUSTERINGS)
@pytest.mark.parametrize("shape", [(16, 12, 14), (4, 5, 8, 8)])
def test_a_constant_embedding_is_one_cluster_or_none(stage: str, shape: tuple[int, ...]) -> None:
    made = clustered(stage, np.ones(shape))
    assert made.shape == shape[1:]
    assert len(np.unique(made)) == 1


@pytest.mark.parametrize("stage", CLUSTERINGS)
@pytest.mark.parametrize("after", ["remove-most-frequent", "remove-background-alike"])
@pytest.mark.parametrize("shape", [(4, 14, 16), (4, 5, 10, 12)])
def test_no_foreground_leaves_no_object(stage: str, after: str, shape: tuple[int, ...]) -> None:
    background = np.random.default_rng(0).normal(0, 0.03, shape)
    assert not clustered(stage, background, after).any()


@pytest.mark.parametrize("stage", CLUSTERINGS)
def test_one_object_before_a_background_is_found(stage: str) -> None:
    array = np.random.default_rng(0).normal(0, 0.03, (4, 24, 24))
    array[:, 4:14, 5:15] += 4
    made = clustered(stage, array, "remove-most-frequent")
    wanted = np.zeros((24, 24), bool)
    wanted[4:14, 5:15] = True
    np.testing.assert_array_equal(made > 0, wanted)
    assert made.max() == 1


def a_cluster_each(side: int) -> np.ndarray:
    """Return an embedding whose vectors are all further apart than any clustering joins."""
    return 10.0 * np.arange(side * side).reshape(1, side, side)


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["mean-shift-fast", "consistency-clustering"])
def test_a_million_tiny_clusters_are_refused(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CLUSTERINGS, "consistency-clustering", {"mean_shift": "fast"})
    with pytest.raises(
        DataError, match=f"^stage '{stage}': more than 20000 clusters of 1000000 voxels.*wider bandwidth"
    ):
        clustered(stage, a_cluster_each(1000))


def test_tiny_clusters_that_lie_evenly_are_parted_as_by_the_library() -> None:
    reference, fast = (clustered(stage, a_cluster_each(150)) for stage in ("hdbscan", "hdbscan-fast"))
    assert fast.max() == reference.max()


@pytest.mark.slow
def test_hdbscan_ends_with_a_million_tiny_clusters() -> None:
    assert clustered("hdbscan-fast", a_cluster_each(1000)).max() < 100


@pytest.mark.slow
def test_a_million_tiny_segments_are_labels_like_others() -> None:
    stages = [make("embedding-mutex-watershed", min_size=0), make("remove-most-frequent")]
    slots = {"embedding": embedding(a_cluster_each(1000))}
    # Nothing parts voxels nearer than the second step of 3: the segments are squares of that side.
    assert labels_of(stages, slots).max() == 334**2 - 1
    assert not labels_of([*stages, make("drop-objects", min_size=10)], slots).any()
