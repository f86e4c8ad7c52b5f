from __future__ import annotations

import numpy as np

from tests.stages.chains import labels, labels_of, make


def test_truth_is_returned_as_it_is() -> None:
    truth = np.array([[0, 7], [9, 9]], dtype=np.uint64)
    assert labels_of([make("truth")], {"truth": labels(truth)}) is truth
