from __future__ import annotations

import numpy as np
import pytest

from harness.model import Volume
from harness.stages.chain import checked_outputs
from harness.stages.prompting.planes_apart import PlanesApart, apart
from tests.stages.prompting.scenes import context, labels

TRUTH = np.array([[[3, 3, 0, 7]], [[3, 0, 3, 0]], [[0, 0, 0, 0]], [[7, 3, 1, 0]]], dtype=np.uint16)


def test_no_id_stands_on_two_planes_and_parts_on_one_stay_together() -> None:
    assert apart(TRUTH).tolist() == [[[1, 1, 0, 2]], [[3, 0, 3, 0]], [[0, 0, 0, 0]], [[6, 5, 4, 0]]]
    assert apart(TRUTH).dtype == np.uint32


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.uint64])
def test_planes_without_background_and_large_ids(kind: type) -> None:
    full = np.array([[[200, 100]], [[100, 100]]], dtype=kind)
    assert apart(full).tolist() == [[[2, 1]], [[3, 3]]]


def test_found_and_true_objects_become_a_pair() -> None:
    found, truth = labels(TRUTH * 2, (2.0, 1.0, 1.0)), labels(TRUTH, (2.0, 1.0, 1.0))
    stage, settings = PlanesApart(), context(truth.grid)
    inputs = {"labels": found, "truth": truth}
    made = checked_outputs(stage, inputs, stage.run(inputs, settings), truth.grid)
    for slot in ("frame-objects", "reference"):
        volume = made[slot]
        assert isinstance(volume, Volume)
        assert volume.array.tolist() == apart(TRUTH).tolist()
        assert volume.spacing_um == (2.0, 1.0, 1.0)
