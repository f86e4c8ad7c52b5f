"""Fast clusterings of an embedding of 448 x 448 pixels beside their references: seconds and agreement in one line.

`pytest tests/bench/bench_clustering.py --benchmark-only`. Reference and agreement are of 192 x 192 pixels, where
HDBSCAN comes to its end in a minute; the suite `clustering-size` has them for 448 x 448 on its tier paper.
"""

from __future__ import annotations

import time

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from harness.datasets.phantoms.generators import generate
from harness.datasets.phantoms.parameters import EmbeddingParameters
from harness.model import Volume
from tests.stages.chains import labels_of, make
from tests.stages.embedding.embeddings import agreement, embedding

pytest.importorskip("sklearn", reason="scikit-learn is not installed")
pytest.importorskip("hdbscan", reason="hdbscan is not installed")
pytest.importorskip("bioimage_cpp", reason="bioimage-cpp is not installed")

LEAST_AGREEMENT = 0.99
MOST_S = {"mean-shift-fast": 1.5, "hdbscan-fast": 5.0, "embedding-mutex-watershed": 5.0}
REFERENCES = {"mean-shift-fast": "mean-shift", "hdbscan-fast": "hdbscan"}


def components(side: int, count: int) -> Volume:
    made = generate("embedding-2d", EmbeddingParameters(shape=(side, side), seed=31))
    return embedding(made.image.array[:count])


def timed(stage: str, volume: Volume) -> tuple[np.ndarray, float]:
    begin_s = time.perf_counter()
    labels = labels_of([make(stage)], {"embedding": volume})
    return labels, time.perf_counter() - begin_s


@pytest.mark.parametrize("count", [4, 16])
@pytest.mark.parametrize("stage", MOST_S)
def test_448(benchmark: BenchmarkFixture, stage: str, count: int) -> None:
    volume = components(448, count)
    made = benchmark.pedantic(labels_of, ([make(stage)], {"embedding": volume}), rounds=3, warmup_rounds=1)
    assert made.max() > 1
    assert benchmark.stats.stats.min < MOST_S[stage]


@pytest.mark.parametrize("count", [4, 16])
@pytest.mark.parametrize("stage", REFERENCES)
def test_192_beside_the_reference(benchmark: BenchmarkFixture, stage: str, count: int) -> None:
    volume = components(192, count)
    own = benchmark.pedantic(labels_of, ([make(stage)], {"embedding": volume}), rounds=3, warmup_rounds=1)
    reference, reference_s = timed(REFERENCES[stage], volume)
    benchmark.extra_info["reference_s"] = reference_s
    benchmark.extra_info["agreement (symmetric best Dice)"] = agreement(own, reference)
    assert agreement(own, reference) >= LEAST_AGREEMENT
