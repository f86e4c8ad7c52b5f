from __future__ import annotations

from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import BackendError, ParameterError
from harness.stages.nets.networks import NetworkSpec
from harness.stages.nets.patches import CPU_PATCH, feasible_patch, patch_and_halo, prediction_bytes


@pytest.mark.parametrize(("limit", "side"), [(32, 32), (47, 32), (128, 128), (300, 288), (10_000, 800)])
def test_binary_search_in_3d(limit: int, side: int) -> None:
    tried: list[tuple[int, ...]] = []

    def fits(shape: tuple[int, ...]) -> bool:
        tried.append(shape)
        return shape[0] <= limit

    assert feasible_patch(fits, 3) == (side,) * 3
    assert len(tried) <= 6


@pytest.mark.parametrize(("limit", "side"), [(10_000, 3200), (3199, 2880), (400, 320)])
def test_search_downwards_in_2d(limit: int, side: int) -> None:
    assert feasible_patch(lambda shape: shape[0] <= limit, 2) == (side, side)


@pytest.mark.parametrize("ndim", [2, 3])
def test_nothing_fits(ndim: int) -> None:
    with pytest.raises(BackendError, match="not even a patch of"):
        feasible_patch(lambda shape: False, ndim)


def test_memory_grows_with_voxels_and_width() -> None:
    small, wide = NetworkSpec(), NetworkSpec(f_maps=(32, 64, 128, 256))
    assert prediction_bytes(small, (64, 64, 64)) * 8 == pytest.approx(
        prediction_bytes(small, (128, 128, 128)), rel=0.01
    )
    assert prediction_bytes(wide, (64, 64, 64)) > 1.9 * prediction_bytes(small, (64, 64, 64))
    assert 0.1e9 < prediction_bytes(small, (96, 96, 96)) < 1e9


HALO = (44, 44, 44)


@pytest.mark.parametrize(
    ("volume", "feasible", "patch", "halo"),
    [
        ((100, 100, 100), (256, 256, 256), (100, 100, 100), (0, 0, 0)),
        ((512, 512, 512), (256, 256, 256), (168, 168, 168), (44, 44, 44)),
        ((100, 512, 512), (256, 256, 256), (100, 321, 321), (0, 44, 44)),
        ((100, 128, 4096), (256, 256, 256), (100, 128, 1222), (0, 0, 44)),
        ((256, 512, 512), (256, 256, 256), (168, 168, 168), (44, 44, 44)),
        ((512, 512, 512), (64, 64, 64), (64, 64, 64), (0, 0, 0)),
    ],
)
def test_the_rule_of_the_code(
    volume: tuple[int, ...], feasible: tuple[int, ...], patch: tuple[int, ...], halo: tuple[int, ...]
) -> None:
    assert patch_and_halo(volume, feasible, HALO) == (patch, halo)


@pytest.mark.parametrize(
    ("volume", "feasible", "patch", "halo"),
    [
        ((512, 512, 512), (256, 256, 256), (212, 212, 212), (44, 44, 44)),
        ((50, 60, 70), (256, 256, 256), (50, 60, 70), (0, 0, 0)),
        ((2, 3, 4096), (256, 256, 256), (2, 3, 84), (0, 0, 44)),
        ((256, 2, 900), (256, 256, 256), (256, 2, 1), (0, 0, 0)),
    ],
)
def test_the_rule_as_printed(
    volume: tuple[int, ...], feasible: tuple[int, ...], patch: tuple[int, ...], halo: tuple[int, ...]
) -> None:
    assert patch_and_halo(volume, feasible, HALO, rule="printed") == (patch, halo)


def test_the_printed_rule_adds_where_it_should_multiply() -> None:
    with pytest.raises(ParameterError, match="rule 'printed' gives the patch"):
        patch_and_halo((100, 120, 4096), (256, 256, 256), HALO, rule="printed")
    with pytest.raises(ParameterError, match="accepted: code, printed"):
        patch_and_halo((100, 100, 100), (256, 256, 256), HALO, rule="other")


def test_planes() -> None:
    assert patch_and_halo((600, 4000), CPU_PATCH[2], (44, 44)) == ((600, 1659), (0, 44))


sizes = st.integers(1, 700)


@settings(max_examples=200, deadline=None)
@given(st.tuples(sizes, sizes, sizes), st.integers(2, 50), st.integers(0, 100))
def test_the_code_never_needs_more_than_what_fits(volume: tuple[int, int, int], count: int, step: int) -> None:
    feasible = (16 * count,) * 3
    patch, halo = patch_and_halo(volume, feasible, (step,) * 3)
    assert min(patch) >= 1
    seen = [
        min(side + 2 * margin, length + 2 * margin) for side, margin, length in zip(patch, halo, volume, strict=True)
    ]
    assert prod(seen) <= prod(feasible) * 1.001 or patch == volume
