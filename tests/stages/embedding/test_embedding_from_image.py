from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError
from harness.model import Volume
from tests.stages.chains import image, make, run

NAMES = ("f-1", "f-2", "g-1", "g-2")


def two() -> Volume:
    return image(np.arange(48).reshape(4, 3, 4).astype(np.uint16), channels=NAMES)


def test_channels_are_the_embedding() -> None:
    made = run([make("embedding-from-image")], {"image": two()})
    assert "embedding-twin" not in made
    assert (made["embedding"].axes, made["embedding"].array.dtype) == ("CYX", np.float32)
    assert made["embedding"].channels == NAMES
    np.testing.assert_array_equal(made["embedding"].array, two().array)


def test_channels_with_a_prefix_are_the_twin() -> None:
    made = run([make("embedding-from-image", twin="g-")], {"image": two()})
    np.testing.assert_array_equal(made["embedding"].array, two().array[:2])
    np.testing.assert_array_equal(made["embedding-twin"].array, two().array[2:])


def test_an_image_of_one_channel_is_an_embedding_of_one() -> None:
    made = run([make("embedding-from-image")], {"image": image(np.ones((3, 4, 5)))})
    assert made["embedding"].array.shape == (1, 3, 4, 5)


@pytest.mark.parametrize("prefix", ["x", "f-1"])
def test_a_twin_has_as_many_channels(prefix: str) -> None:
    with pytest.raises(
        DataError, match=rf"of the channels f-1, f-2, g-1, g-2 begin with '{prefix}'; accepted: half of 4"
    ):
        run([make("embedding-from-image", twin=prefix)], {"image": two()})
