from __future__ import annotations

import numpy as np
import pytest

from harness.datasets.declared.declaration import DerivedLabels
from harness.datasets.kinds import corrupted, cut, derived_identity
from harness.errors import DataError
from harness.model import Volume

VOLUME = Volume(np.arange(24, dtype=np.uint8).reshape(2, 3, 4), "CYX", (1.0, 1.0), ("a", "b"))


def test_crops_keep_channels() -> None:
    part = cut(VOLUME, ((1, 3), (0, 2)))
    assert np.array_equal(part.array, VOLUME.array[:, 1:3, :2])
    assert part.channels == ("a", "b")
    assert cut(VOLUME, ()) is VOLUME


def test_crops_outside_are_errors() -> None:
    with pytest.raises(DataError, match=r"crop \[0, 5\) lies outside axis X of size 4"):
        cut(VOLUME, ((0, 3), (0, 5)))


def test_derived_labels_follow_their_declaration() -> None:
    how = DerivedLabels.model_validate({"derive": "corrupt", "from": "gold", "misses": 1.0})
    labels = Volume(np.array([[0, 1], [2, 2]], dtype=np.uint16), "YX", (1.0, 2.0))
    result = corrupted(labels, how)
    assert not result.array.any()
    assert result.grid == labels.grid
    assert derived_identity(how) != derived_identity(how.model_copy(update={"seed": 1}))
