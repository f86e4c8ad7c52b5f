from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError
from harness.model import Volume
from harness.stages.prompting.embedding_as_colours import EmbeddingAsColours
from tests.stages.prompting.scenes import context, run


def made(array: np.ndarray) -> Volume:
    embedding = Volume(array.astype(np.float32), "CYX")
    found = run(EmbeddingAsColours(), {"embedding": embedding}, context(embedding.grid))
    assert isinstance(found, Volume)
    return found


def test_all_channels_share_one_range() -> None:
    array = np.zeros((3, 1, 2))
    array[0, 0], array[1, 0] = (-2, 2), (0, 1)
    found = made(array)
    assert found.array[:, 0].tolist() == [[0, 255], [128, 191], [128, 128]]
    assert found.channels == ("red", "green", "blue")


def test_one_value_is_black() -> None:
    assert not made(np.full((3, 2, 2), 7.0)).array.any()


def test_other_embeddings_are_errors() -> None:
    with pytest.raises(DataError, match="has 4 channels; accepted: 3"):
        made(np.zeros((4, 2, 2)))
    with pytest.raises(DataError, match="NaN or infinite"):
        made(np.full((3, 2, 2), np.nan))
