from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError, ParameterError
from harness.model import Volume
from tests.stages.chains import make, run
from tests.stages.embedding.embeddings import embedding


def jittered(volume: Volume, *, seed: int = 0, **options: float) -> Volume:
    made = run([make("jitter-embedding", **options)], {"embedding": volume}, seed=seed)["embedding"]
    assert made.array.dtype == np.float32
    return made


@pytest.mark.parametrize("shape", [(4, 40, 50), (3, 10, 20, 30)])
def test_noise_has_the_amplitude_and_is_about_0(shape: tuple[int, ...]) -> None:
    volume = embedding(np.random.default_rng(0).normal(7, 5, shape))
    made = jittered(volume, amplitude=0.01)
    noise = made.array.astype(np.float64) - volume.array
    assert noise.std() == pytest.approx(0.05, rel=0.05)
    assert abs(noise.mean()) < 0.002
    assert abs(np.corrcoef(noise.ravel(), volume.array.ravel())[0, 1]) < 0.05


def test_by_default_values_move_by_their_rounding() -> None:
    volume = embedding(np.random.default_rng(0).normal(0, 2, (4, 20, 30)))
    moved = jittered(volume).array
    ulps = np.abs(moved.astype(np.float64) - volume.array) / np.spacing(np.abs(volume.array))
    large = np.abs(volume.array) > 1
    assert (moved != volume.array).mean() > 0.5
    assert ulps[large].max() <= 8


def test_noise_follows_the_seed() -> None:
    volume = embedding(np.random.default_rng(0).normal(0, 2, (2, 9, 11)))
    one, again, other = (jittered(volume, seed=seed).array for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


def test_axes_spacing_and_channels_stay() -> None:
    array = np.random.default_rng(0).normal(0, 1, (2, 3, 4, 5)).astype(np.float32)
    volume = Volume(array, "CZYX", (2.0, 1.0, 1.0), ("one", "two"))
    made = jittered(volume)
    assert (made.axes, made.spacing_um, made.channels) == ("CZYX", (2.0, 1.0, 1.0), ("one", "two"))
    np.testing.assert_allclose(made.array, array, atol=1e-6)


@pytest.mark.parametrize(("array", "amplitude"), [(np.full((2, 5, 6), 3.5), 1.0), (np.eye(4)[None], 0.0)])
def test_without_a_scale_or_an_amplitude_nothing_moves(array: np.ndarray, amplitude: float) -> None:
    volume = embedding(array)
    np.testing.assert_array_equal(jittered(volume, amplitude=amplitude).array, volume.array)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_what_is_no_number_is_refused(wrong: float) -> None:
    array = np.ones((2, 5, 6))
    array[0, 1, 2] = wrong
    with pytest.raises(
        DataError, match="stage 'jitter-embedding': embedding: 1 of 60 image values are NaN or infinite"
    ):
        jittered(embedding(array))


def test_a_negative_amplitude_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"parameter 'amplitude' is -0\.1"):
        make("jitter-embedding", amplitude=-0.1)
