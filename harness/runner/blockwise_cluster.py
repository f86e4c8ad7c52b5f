"""The overlap table of two label images that are larger than memory, counted by machines and added up in a tree.

What a process that counts imports stands in `harness.runner.blockwise`, without what talks to a cluster.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from harness.errors import HarnessError
from harness.metrics.overlap import OverlapTable
from harness.metrics.parts import LabelPairs, added
from harness.runner.blockwise import Images, Parts, count_part, table_of
from harness.runner.machines import START_S, connected, scheduler_there, wait_for_machine

LOOK_S = 10.0
"""How often it is asked whether any machine is left."""
FAN_IN = 16
"""How many tables a machine adds at a time."""
MODULES = ("numpy", "numba", "zarr", "numcodecs", "h5py")
"""What machines that count must have in the versions of this one."""


def table_by_cluster(images: Images, *, scheduler: str) -> OverlapTable:
    """Return the overlap table of two images, counted and added up by the machines of a Dask cluster.

    Raises what `table_by_processes` raises, and `HarnessError` for a scheduler that is not there or goes away, for
    machines that have other versions or do not see the images, and where none is left and no other one comes.
    """
    blocks = images.blocks()
    with connected(scheduler, MODULES, images.files) as client:
        with scheduler_there("run again"):
            parts = Parts.of(blocks, sum(client.nthreads().values()))
            tables = [
                client.submit(count_part, images, parts.shape, parts.range(part), pure=False)
                for part in range(len(parts))
            ]
            while len(tables) > 1:
                groups = [tables[first : first + FAN_IN] for first in range(0, len(tables), FAN_IN)]
                tables = [client.submit(added, group, pure=False) for group in groups]
        return table_of(blocks, _result(client, tables[0]))


def _result(client: Any, future: Any) -> LabelPairs:
    error: BaseException | None = None
    pairs: LabelPairs | None = None
    with scheduler_there("run again"):
        while error is None and pairs is None:
            wait_for_machine(client, START_S)
            with suppress(TimeoutError):
                error = future.exception(timeout=LOOK_S)
                pairs = future.result(timeout=LOOK_S) if error is None else None
    if pairs is not None:
        return pairs
    if type(error).__module__.partition(".")[0] == "distributed":
        raise HarnessError(f"the machines of the cluster were lost again and again ({error})") from error
    assert error is not None
    raise error
