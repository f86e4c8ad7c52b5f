from __future__ import annotations

import numpy as np
import pytest

from harness import compiling


def test_a_loop_is_compiled_and_gives_the_same() -> None:
    def total(values: np.ndarray) -> float:
        found = 0.0
        for value in values:
            found += value
        return found

    made = compiling.compiled(total)
    assert made is not total
    assert made(np.arange(5.0)) == total(np.arange(5.0)) == 10.0


def test_without_a_folder_for_machine_code_it_is_compiled_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    real = compiling.njit

    def refusing(**options: bool) -> object:
        if options.get("cache"):
            raise RuntimeError("cannot cache function")
        return real(**options)

    monkeypatch.setattr(compiling, "njit", refusing)
    assert compiling.compiled(lambda value: value + 1)(2) == 3
