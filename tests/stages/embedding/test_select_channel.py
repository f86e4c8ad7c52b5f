from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError
from tests.stages.chains import make, run
from tests.stages.embedding.embeddings import embedding


def test_a_channel_becomes_the_image() -> None:
    array = np.random.default_rng(0).normal(size=(3, 4, 5))
    made = run([make("select-channel", number=2)], {"embedding": embedding(array)})["image"]
    assert (made.axes, made.channels, made.array.dtype) == ("YX", ("2",), np.float32)
    np.testing.assert_allclose(made.array, array[1], rtol=1e-6)


def test_a_component_keeps_its_name() -> None:
    array = np.random.default_rng(0).normal(size=(3, 4, 5))
    made = run([make("pca", components=2), make("select-channel")], {"embedding": embedding(array)})["image"]
    assert made.channels == ("pc-1",)


def test_an_absent_channel_is_refused() -> None:
    with pytest.raises(DataError, match="no channel 4 of an embedding with 3; accepted: 1 to 3"):
        run([make("select-channel", number=4)], {"embedding": embedding(np.zeros((3, 4, 5)))})
