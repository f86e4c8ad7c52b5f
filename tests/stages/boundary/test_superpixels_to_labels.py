from __future__ import annotations

import numpy as np

from tests.stages.chains import labels, labels_of, make


def test_superpixels_become_labels() -> None:
    superpixels = np.array([[4, 4, 0, 9]], dtype=np.uint64)
    made = labels_of([make("superpixels-to-labels")], {"superpixels": labels(superpixels)})
    assert made.tolist() == [[1, 1, 0, 2]]
