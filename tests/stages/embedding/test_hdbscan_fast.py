from __future__ import annotations

import numpy as np
import pytest

from tests.stages.chains import labels_of, make
from tests.stages.embedding.embeddings import agreement
from tests.stages.embedding.test_mean_shift_fast import phantom

pytest.importorskip("hdbscan", reason="hdbscan is not installed")


@pytest.mark.parametrize("components", [3, 16])
def test_labels_are_those_of_the_library(components: int) -> None:
    chain = [make("pca", components=components)]
    own, reference = (
        labels_of([*chain, make(stage)], {"embedding": phantom(56, 1)}) for stage in ("hdbscan-fast", "hdbscan")
    )
    assert agreement(own, reference) >= 0.99


def test_a_crowded_image_gives_them_too() -> None:
    volume = phantom(96, 2)
    own, reference = (
        labels_of([stage], {"embedding": volume}) for stage in (make("hdbscan-fast", candidates=256), make("hdbscan"))
    )
    assert agreement(own, reference) >= 0.98


def test_the_seed_changes_nothing() -> None:
    volume = phantom(64, 3)
    one, again = (labels_of([make("hdbscan-fast")], {"embedding": volume}, seed=seed) for seed in (1, 2))
    np.testing.assert_array_equal(one, again)
