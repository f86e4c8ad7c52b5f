"""The cluster of the campaign itself; what it does to runs takes too long for every day."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.campaign.clusters import Cluster, cluster
from tests.campaign.ends import wait_for
from tests.campaign.kills import BEFORE_ANYTHING

pytest.importorskip("distributed", reason="the extra 'distributed' is not installed")


def begun(folder: Path) -> Cluster:
    """Return a cluster of one machine that has ended, after its parts were looked at."""
    with cluster(folder, 1) as found:
        wait_for(lambda: bool(found.parts("dask-worker")), found.scheduler)
        (machine,) = found.parts("machine")
        (nanny,), (worker,) = *found.parts("nanny"), *found.parts("dask-worker")
        assert machine[0] == nanny
        assert worker in machine
        assert not found.parts("cell")
    return found


@pytest.mark.slow
def test_parts_of_a_cluster_are_found_and_nothing_of_it_is_left(tmp_path: Path) -> None:
    found = begun(tmp_path / "cluster")
    assert not found.parts("machine")
    assert all(process.poll() is not None for process in found.processes)


def test_what_python_says_before_it_is_there_is_no_traceback_of_the_harness() -> None:
    early = "Fatal Python error: init_import_site: Failed\nTraceback (most recent call last):\nKeyboardInterrupt\n\n"
    assert BEFORE_ANYTHING.sub("", early + "Traceback of ours\n") == "\nTraceback of ours\n"
