from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from harness.clock import measure_calls, timed


def ticks() -> Iterator[float]:
    yield from (float(number * number) for number in range(100))


def test_first_and_steady_calls_are_apart() -> None:
    results = iter(range(10))
    clock = ticks().__next__
    calls = measure_calls(lambda: next(results), warmup=2, repeats=3, clock=clock)
    assert (calls.result, calls.first_s, calls.later_s) == (0, 1.0, (5.0, 9.0, 13.0))
    assert next(results) == 6


def test_timed_uses_a_monotonic_clock() -> None:
    assert timed(lambda: time.sleep(0.01))[1] >= 0.01


def test_device_is_idle_at_both_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    cuda = SimpleNamespace(is_initialized=lambda: True, synchronize=lambda: calls.append("wait"))
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    timed(lambda: calls.append("run"), device="cuda")
    assert calls == ["wait", "run", "wait"]
    calls.clear()
    timed(lambda: None, device="cpu")
    assert calls == []
