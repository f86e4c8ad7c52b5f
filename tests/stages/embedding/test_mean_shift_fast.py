from __future__ import annotations

import numpy as np
import pytest

from harness.datasets.phantoms.generators import generate
from harness.datasets.phantoms.parameters import EmbeddingParameters
from harness.model import Volume
from tests.stages.chains import labels_of, make
from tests.stages.embedding.embeddings import agreement, embedding

pytest.importorskip("sklearn", reason="scikit-learn is not installed")


def phantom(side: int, seed: int, noise: float = 0.08) -> Volume:
    made = generate("embedding-2d", EmbeddingParameters(shape=(side, side), seed=seed, noise=noise))
    return embedding(made.image.array[:16])


@pytest.mark.parametrize("components", [3, pytest.param(16, marks=pytest.mark.slow)])
@pytest.mark.parametrize("noise", [0.05, 0.1])
def test_labels_are_those_of_scikit_learn(components: int, noise: float) -> None:
    chain = [make("pca", components=components)]
    volume = phantom(32, 1, noise)
    own, reference = (
        labels_of([*chain, make(stage)], {"embedding": volume}) for stage in ("mean-shift-fast", "mean-shift")
    )
    assert len(np.unique(reference)) > 10
    assert agreement(own, reference) >= 0.999


def test_sparse_cells_can_be_left_out() -> None:
    chain = [make("pca", components=4)]
    own, reference = (
        labels_of([*chain, make(stage, min_bin_freq=4)], {"embedding": phantom(40, 3)})
        for stage in ("mean-shift-fast", "mean-shift")
    )
    assert len(np.unique(reference)) < 20
    assert agreement(own, reference) >= 0.999
