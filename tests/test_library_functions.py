from __future__ import annotations

import os

import numpy as np
import pytest

from harness.library_functions import LibraryFunctions
from harness.metrics import overlap


def test_functions_that_were_replaced_are_named_and_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    functions = LibraryFunctions()
    np.a_new_name = 1  # type: ignore[attr-defined]
    assert list(functions.replaced()) == [], "what is new harms nobody"
    del np.a_new_name  # type: ignore[attr-defined]
    before = (np.sum, np.random.default_rng, os.getcwd, overlap.overlap_table)
    for owner, name in ((np, "sum"), (np.random, "default_rng"), (os, "getcwd"), (overlap, "overlap_table")):
        monkeypatch.setattr(owner, name, lambda *_: 0)
    monkeypatch.delattr(np, "prod")
    expected = {"numpy.sum", "numpy.random.default_rng", "os.getcwd", "harness.metrics.overlap.overlap_table"}
    assert set(functions.set_back()) == {*expected, "numpy.prod"}
    assert (np.sum, np.random.default_rng, os.getcwd, overlap.overlap_table) == before
    assert np.prod([2, 3]) == 6
    assert functions.set_back() == []
