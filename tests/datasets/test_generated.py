from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from harness.datasets.catalogue import Catalogue
from harness.errors import DataError

OVULE = """
[datasets.ovule]
kind = "generated"
title = "p"
licence = "CC0"
citation = "x"
generator = "ovule-nuclei"
parameters = { shape = [8, 32, 32], spacing_um = [0.6, 0.3, 0.3], diameter_um = 3.0, seed = 1 }
labels.initial = { derive = "corrupt", from = "gold", misses = 0.5 }
samples.a = {}
samples.b = { parameters = { seed = 2, noise = 0.0 } }
samples.c = { from = "a", crop = [[0, 8], [0, 16], [16, 32]] }
"""


def test_samples_override_parameters(catalogue: Callable[[str], Catalogue]) -> None:
    dataset = catalogue(OVULE).dataset("ovule")
    assert dataset.availability().ok
    assert dataset.label_names == ("gold", "cells", "initial")
    assert (dataset.channels, dataset.ndim) == (("noisy", "clear", "wall"), 3)
    first, second = dataset.load("a"), dataset.load("b")
    assert first.image.array.shape == (3, 8, 32, 32)
    assert not np.array_equal(first.labels["gold"].array, second.labels["gold"].array)
    assert first.hash != second.hash
    assert dataset.provenance()["generator"] == "ovule-nuclei"
    dataset.fetch()


def test_channels_and_crops(catalogue: Callable[[str], Catalogue]) -> None:
    dataset = catalogue(OVULE).dataset("ovule")
    whole, part = dataset.load("a"), dataset.load("c", channels=["clear"])
    assert (part.image.axes, part.image.channels) == ("ZYX", ("clear",))
    assert np.array_equal(part.image.array, whole.image.array[1][:, :16, 16:])
    for name in dataset.label_names:
        assert np.array_equal(part.labels[name].array, whole.labels[name].array[:, :16, 16:])
    turned = dataset.load("a", channels=["wall", "noisy"]).image
    assert (turned.axes, turned.channels) == ("CZYX", ("wall", "noisy"))
    assert np.array_equal(turned.array, whole.image.array[[2, 0]])
    with pytest.raises(DataError, match=r"no channel 'walls'; did you mean 'wall'"):
        dataset.load("a", channels=["walls"])


def test_the_hash_follows_the_parameters(catalogue: Callable[[str], Catalogue]) -> None:
    before = catalogue(OVULE).dataset("ovule").sample_hash("a")
    assert catalogue(OVULE.replace('title = "p"', 'title = "q"')).dataset("ovule").sample_hash("a") == before
    for old, new in (
        ("diameter_um = 3.0", "diameter_um = 3.1"),
        ("misses = 0.5", "misses = 0.6"),
        ("seed = 1", "seed = 3"),
    ):
        assert catalogue(OVULE.replace(old, new)).dataset("ovule").sample_hash("a") != before
