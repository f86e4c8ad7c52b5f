from __future__ import annotations

import numpy as np

from tests.stages.chains import labels, labels_of, make


def test_the_labels_of_somebody_else_are_the_answer() -> None:
    other = np.array([[0, 7], [3, 0]], np.uint16)
    made = labels_of([make("second-annotator")], {"annotator": labels(other)})
    assert made.tolist() == other.tolist()
