"""Planes that are drawn, and names of files; what the layers show is tested where pages of samples are."""

from __future__ import annotations

import numpy as np

from harness.report.painting import _planes, file_slug


def test_planes_at_even_distances_and_the_worst() -> None:
    errors = np.zeros(100, int)
    errors[3] = 5
    assert _planes([errors]) == (3, 10, 20, 30, 40, 50, 59, 69, 79, 89)
    assert _planes([np.zeros(5, int)]) == (0, 1, 2, 3, 4)


def test_names_of_files_are_told_apart() -> None:
    taken: set[str] = set()
    assert [file_slug(name, taken) for name in ("d/a b", "d/a:b", "D/A-B", "../..", "")] == [
        "d-a-b", "d-a-b-2", "D-A-B-3", "sample", "sample-2",
    ]  # fmt: skip
