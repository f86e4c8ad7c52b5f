"""The GPUs of this machine that a run may use."""

from __future__ import annotations

import os

from harness.provenance import hardware


def visible_gpus() -> tuple[str, ...]:
    """Return what CUDA_VISIBLE_DEVICES calls each of the GPUs that processes of this machine may use."""
    count, allowed = len(hardware().gpus), os.environ.get("CUDA_VISIBLE_DEVICES")
    if not count or allowed is None:
        return tuple(str(number) for number in range(count))
    names = [name.strip() for name in allowed.split(",")]
    end = next((place for place, name in enumerate(names) if not name or name.startswith("-")), len(names))
    return tuple(names[: min(end, count)])  # CUDA too takes those before the first that is none
