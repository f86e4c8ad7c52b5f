"""How many threads a process may use, and the environment that keeps its libraries at them.

The number of threads is fixed in the environment of a worker before any library starts.
"""

from __future__ import annotations

import contextlib
import math
import os
from pathlib import Path

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "BLOSC_NTHREADS",
)


def usable_cores() -> int:
    """Return the number of logical cores this process may use: its CPU set, cut by the container's quota."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError):  # no such file, or "max": no quota
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        cores = min(cores, max(1, math.ceil(int(quota) / int(period))))
    return cores


def thread_variables(threads: int) -> dict[str, str]:
    """Return the environment that keeps every numerical library of a process at a number of threads.

    Idle OpenMP threads sleep: spinning ones slow a training several times on cores that others use too. OpenMP never
    takes fewer threads than it is told: oneDNN then leaves out parts of a convolution, and a training ends in NaN.
    """
    fixed = {"TF_NUM_INTEROP_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "OMP_DYNAMIC": "FALSE"}
    return dict.fromkeys(_THREAD_VARIABLES, str(threads)) | fixed
