from __future__ import annotations

import pytest

from harness.provenance import Hardware
from harness.runner import gpus as gpus_of_this_machine
from harness.runner.gpus import visible_gpus


@pytest.mark.parametrize(
    ("gpus", "allowed", "expected"),
    [
        (2, None, ("0", "1")),
        (0, None, ()),
        (0, "0", ()),
        (4, "3, 1", ("3", "1")),
        (4, "GPU-8932f937,GPU-a1", ("GPU-8932f937", "GPU-a1")),
        (4, "2,-1,3", ("2",)),
        (4, "", ()),
        (1, "-1", ()),
    ],
)
def test_gpus_are_counted_as_cuda_counts_those_that_are_visible(
    monkeypatch: pytest.MonkeyPatch, gpus: int, allowed: str | None, expected: tuple[str, ...]
) -> None:
    monkeypatch.setattr(gpus_of_this_machine, "hardware", lambda: Hardware("c", 1, 1, 1, ("H100",) * gpus))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if allowed is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", allowed)
    assert visible_gpus() == expected
