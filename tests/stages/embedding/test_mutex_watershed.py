from __future__ import annotations

import numpy as np
import pytest

from harness.errors import ParameterError
from harness.stages.embedding.mutex_watershed import affinity
from tests.stages.chains import labels_of, make, same_partition
from tests.stages.embedding.embeddings import agreement, embedding, quarters
from tests.stages.embedding.test_mean_shift_fast import phantom

pytest.importorskip("bioimage_cpp", reason="bioimage-cpp is not installed")


def test_affinities_by_hand() -> None:
    row = np.array([[[0.0, 1.0, 5.0]]], np.float32)
    assert affinity(row, (0, -1), 2.0).tolist() == [[0.0, pytest.approx(0.5625), 0.0]]
    assert affinity(row, (0, 1), 2.0).tolist() == [[pytest.approx(0.5625), 0.0, 0.0]]
    assert affinity(row, (0, 0), 2.0).tolist() == [[1.0, 1.0, 1.0]]


@pytest.mark.parametrize("shape", [(24, 30), (4, 24, 30)])
def test_objects_far_apart_in_the_embedding_are_found(shape: tuple[int, ...]) -> None:
    volume, truth = quarters(shape)
    assert same_partition(labels_of([make("embedding-mutex-watershed", min_size=0)], {"embedding": volume}), truth)


def test_a_shift_by_one_pixel_is_what_breaks_the_route_of_a_library() -> None:
    """Weights that stand one pixel off, as where edges are stored at one end and read at the other, cut objects up."""
    import bioimage_cpp as bic

    array = phantom(48, 1, noise=0.02).array
    offsets = [(-1, 0), (0, -1), (-9, 0), (0, -9)]
    weights = np.stack([affinity(array, offset, 2.0) for offset in offsets])
    weights[2:] = 1 - weights[2:]
    right = bic.segmentation.mutex_watershed(weights, offsets, 2)
    moved = weights.copy()
    for axis in range(2):
        moved[axis] = np.roll(weights[axis], -1, axis=axis)
    wrong = bic.segmentation.mutex_watershed(moved, offsets, 2)
    own = labels_of([make("embedding-mutex-watershed", distances=[1, 9], min_size=0)], {"embedding": embedding(array)})
    assert same_partition(own, right)
    assert agreement(wrong, right) < 0.9


def test_library_route_with_a_weight_function_differs_where_ours_is_right() -> None:
    segmentation = pytest.importorskip("elf.segmentation.embeddings", reason="python-elf is not installed")
    volume, truth = quarters((40, 40), noise=0.01)
    weight = segmentation.discriminative_loss_weight
    theirs = segmentation.segment_embeddings_mws(
        volume.array, "l2", [[-1, 0], [0, -1], [-9, 0], [0, -9]], weight_function=lambda d: weight(d, delta=2.0)
    )
    own = labels_of([make("embedding-mutex-watershed", distances=[1, 9], min_size=0)], {"embedding": volume})
    assert same_partition(own, truth)
    assert not same_partition(np.asarray(theirs), truth)


def test_a_rotation_of_the_embedding_changes_nothing() -> None:
    volume = phantom(48, 2)
    own, turned = (
        labels_of([*chain, make("embedding-mutex-watershed")], {"embedding": volume})
        for chain in ([], [make("pca", components=16)])
    )
    assert agreement(own, turned) >= 0.999


def test_small_segments_are_flooded() -> None:
    volume, truth = quarters((24, 30))
    volume.array[:, 3, 3:6] += 30
    made = labels_of([make("embedding-mutex-watershed", min_size=10)], {"embedding": volume})
    assert same_partition(made, truth)


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (1, 3, 4)])
def test_small_and_constant_embeddings(shape: tuple[int, ...]) -> None:
    made = labels_of([make("embedding-mutex-watershed")], {"embedding": embedding(np.ones((3, *shape)))})
    assert (made == 1).all()


@pytest.mark.parametrize("distances", [[3, 9], [1, 3, 3]])
def test_a_step_of_one_must_attract(distances: list[int]) -> None:
    with pytest.raises(ParameterError, match="must have 1, and each step once"):
        make("embedding-mutex-watershed", distances=distances)
