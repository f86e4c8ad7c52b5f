from __future__ import annotations

import numpy as np
import pytest
import torch

from harness.errors import BackendError
from harness.stages.nets.build import build_network
from harness.stages.nets.compute import (
    BusyTime,
    Compute,
    choose,
    fits_on_gpu,
    forward_of,
    standardised,
    torch_threads,
)
from harness.stages.nets.heads import sigmoid
from harness.stages.nets.networks import NetworkSpec
from tests.gpu.checks import precision_problems


def test_automatic_choice_on_a_cpu() -> None:
    assert choose("cpu", "auto", 3) == Compute("cpu", "float32", channels_last=True)
    assert choose("cpu", "auto", 2) == Compute("cpu", "float32", channels_last=False)
    assert choose("cpu", "bfloat16", 3) == Compute("cpu", "bfloat16", channels_last=False)


def test_what_is_not_there() -> None:
    with pytest.raises(BackendError, match="needs a CUDA device"):
        choose("cpu", "float16", 3)
    if not torch.cuda.is_available():
        with pytest.raises(BackendError, match="finds no CUDA device; accepted: cpu"):
            choose("cuda", "auto", 3)


def test_threads_are_given_back() -> None:
    before = torch.get_num_threads()
    with torch_threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before


def test_standardised_per_channel() -> None:
    image = np.stack([np.random.default_rng(0).integers(0, 255, (6, 7, 8)), np.full((6, 7, 8), 9)]).astype(np.uint8)
    result = standardised(image)
    assert result.dtype == np.float32
    assert result[0].mean() == pytest.approx(0, abs=1e-6)
    assert result[0].std() == pytest.approx(1, abs=1e-6)
    assert not result[1].any()


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_forward_returns_probabilities_of_the_core(precision: str) -> None:
    torch.manual_seed(0)
    network = build_network(NetworkSpec(f_maps=(8, 16))).eval()
    plain = forward_of(network, Compute("cpu", "float32", channels_last=False), sigmoid)
    how = choose("cpu", precision, 3)
    tile = np.random.default_rng(0).standard_normal((1, 8, 8, 8), dtype=np.float32)
    core = (slice(2, 6), slice(0, 8), slice(1, 3))
    result = forward_of(how.place(network), how, sigmoid)(tile, core)
    assert result.shape == (2, 4, 8, 2)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, plain(tile, core), atol=1e-5 if precision == "float32" else 0.02)


def test_busy_time_counts_steps() -> None:
    busy = BusyTime("cpu")
    assert busy.total_s() == 0
    with busy.step():
        sum(range(1000))
    assert busy.total_s() > 0


def test_maps_beyond_32_bit_indices_fit_on_no_gpu() -> None:
    spec = NetworkSpec()
    assert spec.largest_map((352, 352, 352)) == 48 * 352**3 < 2**31
    network, how = build_network(NetworkSpec(f_maps=(2, 4), groups=1)), Compute("cuda", "bfloat16", channels_last=True)
    assert not fits_on_gpu(network, spec, how, (368, 368, 368)), "no device is asked"


@pytest.mark.gpu
def test_half_precision_on_a_gpu() -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    assert choose("cuda", "auto", 3).channels_last
    assert precision_problems("cuda") == []
