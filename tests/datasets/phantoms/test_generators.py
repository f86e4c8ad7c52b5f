from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from harness.datasets.phantoms.generators import GENERATORS, generate
from harness.datasets.phantoms.parameters import ImageParameters, PhantomParameters
from harness.errors import DataError
from harness.hashing import hash_array


@st.composite
def phantoms(draw: st.DrawFn) -> tuple[str, ImageParameters]:
    generator = draw(st.sampled_from(sorted(GENERATORS)))
    known = GENERATORS[generator]
    given = {
        "shape": tuple(draw(st.lists(st.integers(1, 30), min_size=known.ndim, max_size=known.ndim))),
        "spacing_um": tuple(draw(st.lists(st.floats(0.1, 2.0), min_size=known.ndim, max_size=known.ndim))),
        "diameter_um": draw(st.floats(1.0, 8.0)),
        "crowding": draw(st.floats(0.3, 1.3)),
        "density": draw(st.floats(0.0, 1.0)),
        "variation": draw(st.floats(0.0, 0.3)),
        "noise": draw(st.floats(0.0, 2.0)),
        "blur_um": draw(st.floats(0.0, 1.0)),
        "seed": draw(st.integers(0, 2**32 - 1)),
        "layout": draw(st.sampled_from(["rosette", "nuclei"])),
    }
    own = {name: value for name, value in given.items() if name in known.parameters.model_fields}
    return generator, known.parameters.model_validate(own)


@settings(max_examples=40, deadline=None)
@given(phantoms())
def test_phantoms_are_valid_and_repeat_bit_for_bit(case: tuple[str, ImageParameters]) -> None:
    generator, parameters = case
    phantom = generate(generator, parameters)
    image = phantom.image
    assert image.grid.shape == parameters.shape
    assert image.spacing_um == parameters.spacing_um
    assert image.channels == GENERATORS[generator].channels
    assert image.array.dtype == (np.float32 if generator == "embedding-2d" else np.uint8)
    assert tuple(phantom.labels) == GENERATORS[generator].labels
    for volume in phantom.labels.values():
        assert volume.grid == image.grid
        assert volume.array.dtype in (np.uint16, np.uint32)
        ids = np.unique(volume.array)
        assert ids[ids > 0].tolist() == list(range(1, int(ids.max()) + 1))
        assert ids.max() > 0
    again = generate(generator, parameters)
    assert hash_array(again.image.array) == hash_array(image.array)
    assert all(hash_array(again.labels[k].array) == hash_array(v.array) for k, v in phantom.labels.items())


PARTED = ("rosette-2d", "embedding-2d", "cell-surface-3d", "fragments-video", "gastrula-3d", "gastrula-video")
"""Generators whose labels may lie in several parts, or that have parameters of their own."""


@pytest.mark.parametrize("generator", [name for name in GENERATORS if name not in PARTED])
def test_objects_are_connected(generator: str) -> None:
    shape, spacing = ((96, 96), (0.3, 0.3)) if GENERATORS[generator].ndim == 2 else ((24, 64, 64), (0.6, 0.3, 0.3))
    for seed in range(3):
        parameters = PhantomParameters(shape=shape, spacing_um=spacing, crowding=1.1, density=1.0, seed=seed)
        labels = generate(generator, parameters).labels["gold"].array
        structure = np.ones((3,) * labels.ndim)
        assert all(ndimage.label(labels == name, structure)[1] == 1 for name in range(1, int(labels.max()) + 1))


def test_the_seed_matters() -> None:
    first, second = (generate("nuclei-2d", PhantomParameters(shape=(64, 64), seed=seed)) for seed in (1, 2))
    assert not np.array_equal(first.image.array, second.image.array)
    assert not np.array_equal(first.labels["gold"].array, second.labels["gold"].array)


def test_noise_changes_the_image_and_not_the_objects() -> None:
    quiet, loud = (generate("nuclei-3d", PhantomParameters(shape=(8, 40, 40), noise=noise)) for noise in (0.0, 0.5))
    assert np.array_equal(quiet.labels["gold"].array, loud.labels["gold"].array)
    assert loud.image.array.astype(float).std() > quiet.image.array.astype(float).std()
    inside = quiet.labels["gold"].array > 0
    assert quiet.image.array[inside].mean() > 2 * quiet.image.array[~inside].mean()


def test_an_ovule_has_a_nucleus_in_each_cell() -> None:
    parameters = PhantomParameters(
        shape=(24, 64, 64), spacing_um=(0.56, 0.28, 0.28), crowding=1.1, density=1.0, noise=0.3
    )
    phantom = generate("ovule-nuclei", parameters)
    nuclei, cells = phantom.labels["gold"].array, phantom.labels["cells"].array
    inside = nuclei > 0
    assert np.array_equal(nuclei[inside], cells[inside])
    assert nuclei.max() == cells.max() > 5
    touching = (nuclei[:, :, 1:] != nuclei[:, :, :-1]) & (nuclei[:, :, 1:] > 0) & (nuclei[:, :, :-1] > 0)
    assert touching.any()
    noisy, clear, wall = phantom.image.array.astype(float)
    for channel, contrast in ((noisy, 1.2), (clear, 2.0)):
        assert channel[inside].mean() > contrast * channel[~inside].mean()
    between = (cells[:, :, 1:] != cells[:, :, :-1]) & (cells[:, :, 1:] > 0) & (cells[:, :, :-1] > 0)
    assert wall[:, :, 1:][between].mean() > 1.5 * wall[inside].mean()


def test_cells_fill_their_tissue() -> None:
    parameters = PhantomParameters(shape=(24, 64, 64), spacing_um=(0.5, 0.3, 0.3), crowding=1.0, density=1.0)
    cells = generate("cells-3d", parameters).labels["gold"].array
    assert (cells[8:16, 24:40, 24:40] > 0).mean() > 0.97


@pytest.mark.parametrize(
    ("generator", "parameters", "message"),
    [
        ("nuclei-2d", PhantomParameters(shape=(4, 4, 4)), r"shape \[4, 4, 4\] must have 2 entries"),
        ("cells-3d", PhantomParameters(shape=(4, 4, 4), spacing_um=(1.0,)), r"spacing_um \[1.0\] must have 3 entries"),
    ],
)
def test_parameters_must_fit(generator: str, parameters: PhantomParameters, message: str) -> None:
    with pytest.raises(DataError, match=message):
        generate(generator, parameters)


@pytest.mark.parametrize("layout", ["rosette", "nuclei"])
def test_an_embedding_tells_its_objects_apart(layout: str) -> None:
    given = {"shape": (64, 64), "layout": layout, "noise": 0.05, "mixing_px": 0.0}
    phantom = generate("embedding-2d", GENERATORS["embedding-2d"].parameters.model_validate(given))
    gold = phantom.labels["gold"].array
    np.testing.assert_array_equal(phantom.labels["foreground"].array, gold > 0)
    first, second = phantom.image.array[:16], phantom.image.array[16:]
    means = np.stack([first[:, gold == number].mean(axis=1) for number in range(gold.max() + 1)])
    away = np.linalg.norm(means[:, None] - means[None], axis=2)[np.triu_indices(len(means), 1)]
    assert away.min() > 2
    assert not np.array_equal(first, second)
    assert np.abs(first - second).max() < 1


def test_a_leaf_is_seen_in_two_parts() -> None:
    for seed in range(5):
        gold = generate("rosette-2d", ImageParameters(shape=(96, 96), seed=seed)).labels["gold"].array
        parts = [ndimage.label(gold == name, np.ones((3, 3)))[1] for name in range(1, int(gold.max()) + 1)]
        assert max(parts) == 2
        assert gold.max() >= 6
