"""The kinds of hostile inputs and of mishaps, by name."""

from __future__ import annotations

from tests.campaign.archives import Archives
from tests.campaign.checkpoints import Checkpoints
from tests.campaign.clusters import Clusters
from tests.campaign.disks import Disks
from tests.campaign.ends import DASK_ENDS
from tests.campaign.flips import Flips
from tests.campaign.http import Answers
from tests.campaign.kills import DASK_KILLS, DASK_ROWS, KILLS, Kills
from tests.campaign.labels import HDF5, LabelFiles
from tests.campaign.results import Results
from tests.campaign.running import Kind
from tests.campaign.toml import TomlFiles
from tests.campaign.writers import Writers

INPUTS = {
    kind.name: kind
    for kind in (
        LabelFiles(),
        LabelFiles("hdf5", HDF5),
        TomlFiles(),
        Archives(),
        Answers(),
        Results(),
        Checkpoints(),
        Flips(),
    )
}
"""Kinds of inputs that are read."""
RUNS: dict[str, Kind] = {kind.name: kind for kind in (Kills(), Writers(), Disks())}
"""Kinds of mishaps of whole runs: seconds each."""
DASK = Kills("dask", DASK_ROWS, DASK_KILLS, DASK_ENDS, ("--executor", "dask"))
ON_DASK: dict[str, Kind] = {kind.name: kind for kind in (DASK, Clusters())}
"""Kinds of mishaps of runs with Dask: half a minute each."""
KINDS: dict[str, Kind] = {**INPUTS, **RUNS, **ON_DASK}
LIMITS_S = dict.fromkeys(("labels", "hdf5", *RUNS, *ON_DASK), 240.0)
"""Seconds after which an attempt counts as one that never ends, where these are not those of all."""
MISHAPS = {"kills": KILLS, "dask": DASK_KILLS}
"""How many mishaps an input is, where it is more than one."""
