from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import DataError
from harness.stages.boundary.regions import probability_of, region_graph, regrow_small
from tests.stages.chains import image, labels, probability, same_partition

bic = pytest.importorskip("bioimage_cpp", reason="bioimage-cpp is not installed")


def graph_of(superpixels: np.ndarray, boundary: np.ndarray, edge_weights: str):  # type: ignore[no-untyped-def]
    slots = {"superpixels": labels(superpixels), "probability": probability(boundary)}
    return region_graph(slots, edge_weights, 1, "here")


@pytest.mark.parametrize(("edge_weights", "expected"), [("mean", 0.45), ("one-sided", 0.8)])
@pytest.mark.parametrize("shape", [(1, 2), (2, 1), (1, 1, 2), (1, 2, 1), (2, 1, 1)])
def test_toy_contact(edge_weights: str, expected: float, shape: tuple[int, ...]) -> None:
    superpixels = np.array([1, 2], dtype=np.uint32).reshape(shape)
    graph = graph_of(superpixels, np.array([0.8, 0.1]).reshape(shape), edge_weights)
    assert graph.pairs.tolist() == [[1, 2]]
    assert graph.boundary == pytest.approx([expected])
    assert graph.sizes.tolist() == [1]


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 3))
def test_weights_equal_the_definitions(seed: int, ndim: int) -> None:
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 6, ndim))
    superpixels = rng.integers(0, 4, shape).astype(np.uint32)
    boundary = rng.random(shape).astype(np.float32)
    mean, sided, stacked = {}, {}, np.stack([1 - boundary] * ndim)
    for axis in range(ndim):
        lower, upper = np.moveaxis(superpixels, axis, 0)[:-1], np.moveaxis(superpixels, axis, 0)[1:]
        values = np.moveaxis(boundary, axis, 0).astype(float)
        for a, b, x, y in zip(lower.flat, upper.flat, values[:-1].flat, values[1:].flat, strict=True):
            if a != b and a and b:
                mean.setdefault((min(a, b), max(a, b)), []).append((x + y) / 2)
                sided.setdefault((min(a, b), max(a, b)), []).append(x)
    names = np.unique(superpixels[superpixels > 0])
    for edge_weights, reference in (("mean", mean), ("one-sided", sided)):
        graph = graph_of(superpixels, boundary, edge_weights)
        found = {
            tuple(names[pair.astype(int) - 1]): weight for pair, weight in zip(graph.pairs, graph.boundary, strict=True)
        }
        assert found == pytest.approx({pair: np.mean(values) for pair, values in reference.items()})
        assert sorted(graph.sizes) == sorted(map(len, reference.values()))
    rag = bic.graph.region_adjacency_graph(superpixels)
    offsets = np.eye(ndim, dtype=int).tolist()
    inner = np.asarray(rag.uv_ids()).reshape(-1, 2)[:, 0] > 0
    affinity = bic.graph.features.affinity_features(rag, superpixels, stacked, offsets)[inner, 0]
    assert 1 - graph_of(superpixels, boundary, "one-sided").boundary == pytest.approx(affinity, abs=1e-6)


def test_masked_voxels_have_no_contact_and_stay_zero() -> None:
    superpixels = np.array([[1, 0, 2, 2, 7]], dtype=np.uint32)
    graph = graph_of(superpixels, np.zeros((1, 5)), "mean")
    assert graph.nodes == 4
    assert graph.pairs.tolist() == [[2, 3]]
    assert graph.project(np.array([5, 5, 9, 9])).tolist() == [[1, 0, 2, 2, 2]]
    assert graph.library_graph().number_of_edges == 1


def test_one_superpixel_has_no_contact() -> None:
    graph = graph_of(np.ones((3, 3), dtype=np.uint32), np.zeros((3, 3)), "one-sided")
    assert (graph.nodes, graph.pairs.shape) == (2, (0, 2))


def test_bad_probabilities_are_errors() -> None:
    with pytest.raises(DataError, match=r"channel 'boundary' has values from 0 to 1\.5"):
        probability_of(probability(np.array([[0, 1.5]])), "boundary", "here")
    with pytest.raises(DataError, match="1 of 2 image values are NaN"):
        probability_of(probability(np.array([[0, np.nan]])), "boundary", "here")
    with pytest.raises(DataError, match="no channel 'foreground'"):
        probability_of(probability(np.zeros((2, 2))), "foreground", "here")
    with pytest.raises(DataError, match="different grids"):
        region_graph(
            {"superpixels": labels(np.ones((2, 2), dtype=np.uint32)), "probability": image(np.zeros((2, 3)))},
            "mean",
            1,
            "x",
        )


def test_small_regions_are_taken_over_by_the_lower_side() -> None:
    regions = np.array([[1, 1, 1, 2, 3, 3, 3]], dtype=np.uint32)
    height = np.array([[0, 0, 0, 0.5, 0.9, 0, 0]], dtype=np.float32)
    assert regrow_small(regions, height, 2).tolist() == [[1, 1, 1, 1, 2, 2, 2]]
    assert regrow_small(regions, height, 1).tolist() == regions.tolist()
    assert regrow_small(regions, height[:, ::-1].copy(), 2).tolist() == [[1, 1, 1, 2, 2, 2, 2]]


def test_regrowing_respects_the_mask() -> None:
    regions = np.array([[1, 1, 1, 2, 0, 3, 0, 4, 4]], dtype=np.uint32)
    assert regrow_small(regions, np.zeros(regions.shape, dtype=np.float32), 2).tolist() == [[1, 1, 1, 1, 0, 0, 0, 2, 2]]


def test_the_largest_region_is_always_kept() -> None:
    regions = np.array([[1, 2, 2, 3]], dtype=np.uint32)
    height = np.zeros(regions.shape, dtype=np.float32)
    assert regrow_small(regions, height, 99).tolist() == [[1, 1, 1, 1]]
    assert regrow_small(np.zeros_like(regions), height, 99).tolist() == [[0] * 4]


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 30))
def test_regrowing_equals_elf(seed: int, minimum: int) -> None:
    elf = pytest.importorskip("elf.segmentation.watershed", reason="python-elf is not installed")
    rng = np.random.default_rng(seed)
    height = rng.random((12, 12)).astype(np.float32)
    regions = np.asarray(
        bic.segmentation.watershed(height, np.where(height < 0.08, np.arange(144).reshape(12, 12), 0).astype(np.uint32))
    )
    if regions.max() == 0 or np.bincount(regions.ravel()).max() < minimum:
        return
    expected = elf.apply_size_filter(regions.copy(), height, minimum)[0]
    assert same_partition(regrow_small(regions, height, minimum), expected)
