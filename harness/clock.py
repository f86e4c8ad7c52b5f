"""Seconds of calls: every reading is taken on a monotonic clock with the device idle."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Clock = Callable[[], float]


def synchronise(device: str) -> None:
    """Wait until a CUDA device has finished what torch gave it; nothing to do elsewhere or where torch is not used."""
    torch = torch_on(device)
    if torch is not None:
        torch.cuda.synchronize()


def timed(call: Callable[[], T], *, device: str = "cpu", clock: Clock = time.perf_counter) -> tuple[T, float]:
    """Return a call's result and its seconds, with the device idle at both readings."""
    synchronise(device)
    start = clock()
    result = call()
    synchronise(device)
    return result, clock() - start


@dataclass(frozen=True, slots=True)
class Calls(Generic[T]):
    """The result of the first measured call, its seconds, and those of every later one."""

    result: T
    first_s: float
    later_s: tuple[float, ...]


def measure_calls(
    call: Callable[[], T], *, warmup: int = 0, repeats: int = 0, device: str = "cpu", clock: Clock = time.perf_counter
) -> Calls[T]:
    """Call once for the result, `warmup` times unmeasured, then `repeats` times measured."""
    result, first_s = timed(call, device=device, clock=clock)
    for _ in range(warmup):
        call()
    return Calls(result, first_s, tuple(timed(call, device=device, clock=clock)[1] for _ in range(repeats)))


def spoken(seconds: float) -> str:
    """Return a duration as people say it.

    >>> spoken(45.2), spoken(600), spoken(9000)
    ('45 s', '10 min', '2.5 h')
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def torch_on(device: str) -> Any:
    """Return torch if it is imported already and the device is CUDA's."""
    torch = sys.modules.get("torch")
    return torch if torch is not None and device.startswith("cuda") and torch.cuda.is_initialized() else None
