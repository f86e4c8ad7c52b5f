from __future__ import annotations

import numpy as np

from tests.stages.chains import labels, make, run


def test_labels_become_nuclei_and_stay() -> None:
    array = np.array([[9, 3], [7, 7]], np.uint16)
    made = run([make("labels-as-nuclei"), make("remove-background")], {"labels": labels(array)})
    np.testing.assert_array_equal(made["nuclei"].array, array)
    assert made["labels"].array.tolist() == [[2, 1], [0, 0]]
