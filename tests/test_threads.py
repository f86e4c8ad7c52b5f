from __future__ import annotations

import pytest

from harness.threads import thread_variables, usable_cores


@pytest.mark.parametrize("threads", [1, 3])
def test_thread_variables(threads: int) -> None:
    variables = thread_variables(threads)
    assert variables["OMP_NUM_THREADS"] == variables["NUMBA_NUM_THREADS"] == str(threads)
    assert variables["OMP_DYNAMIC"] == "FALSE"
    assert usable_cores() >= 1
