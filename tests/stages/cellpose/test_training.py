from __future__ import annotations

import logging

import numpy as np

from harness.stages.cellpose.training import isotropic, told


def test_isotropic_volumes() -> None:
    labels = np.arange(2 * 4 * 4).reshape(2, 4, 4) % 3
    image, grown = isotropic(labels[np.newaxis].astype(np.float32), labels, (2.0, 1.0, 1.0))
    assert image.shape == (1, 4, 4, 4)
    assert np.array_equal(grown[::2], labels)
    assert set(np.unique(grown)) <= {0, 1, 2}


def test_lines_of_a_logger_are_told_and_the_logger_is_left_as_it_was() -> None:
    source = logging.getLogger("harness.test")
    before = (source.level, source.propagate, list(source.handlers))
    lines: list[str] = []
    with told("harness.test", lines.append):
        source.info("epoch %d", 3)
    source.info("later")
    assert lines == ["epoch 3"]
    assert (source.level, source.propagate, list(source.handlers)) == before
