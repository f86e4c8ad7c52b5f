from __future__ import annotations

import numpy as np

from tests.stages.chains import labels, make, run


def test_labels_stand_under_both_names() -> None:
    given = labels(np.array([[0, 3], [3, 7]], np.uint16))
    made = run([make("keep-labels", to="cells-found")], {"labels": given})
    np.testing.assert_array_equal(made["cells-found"].array, given.array)
    np.testing.assert_array_equal(made["labels"].array, given.array)
