"""Machines that a batch system lends: what its jobs are asked for, held against what cells may take.

Queue, account and wall time of a job stand in Dask's `jobqueue.yaml`, and its memory if the user states it there.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from harness.clock import spoken
from harness.errors import BackendError, ConfigError, HarnessError
from harness.jobs.failures import one_line
from harness.runner.stopping import wall_time_s

if TYPE_CHECKING:
    from distributed import Client

ClusterKind = Literal["local", "slurm", "pbs"]
GPU, MEMORY = "GPU", "MEMORY"
"""Resources that workers of Dask may declare: `dask worker --resources "GPU=1,MEMORY=64e9"`."""
HANDS_IN = {"slurm": "sbatch", "pbs": "qsub"}
"""Commands of batch systems."""
BESIDE_BYTES = 1 << 30
"""Memory of a batch job beside that of its cell: Dask's worker and ours, before the cell begins."""
_SLURM_MEMORY = re.compile(r"(?P<number>\d+)(?P<unit>[KMGT]?)(?:i?B)?", re.IGNORECASE)
_SLURM_OPTION = re.compile(r"(?:^|\s)(?:(--mem(?:-per-[cg]pu)?|--cpus-per-task)(?:=|\s+)|-c\s*)['\"]?([\w.]+)")
_PBS_MEMORY = re.compile(r"(?<![\w-])v?mem=(?P<number>\d+)(?P<unit>[KMGTP]?)(?P<of>[BW]?)\b", re.IGNORECASE)
_PBS_RESOURCES = re.compile(r"(?:^|\s)-l\s*\S")
_POWERS = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40, "P": 50}


def job_script(cluster: ClusterKind, *, threads: int, memory_bytes: int, has_gpu: bool = False) -> str:
    """Return the script with which a batch system is asked for one machine; raises what `batch_cluster` raises."""
    with batch_cluster(cluster, threads, memory_bytes, has_gpu=has_gpu) as found:
        return str(found.job_script())


def require_command(cluster: ClusterKind) -> None:
    """Raise `HarnessError` where the batch system has no command here."""
    if shutil.which(HANDS_IN[cluster]) is None:
        raise HarnessError(
            f"--cluster {cluster}: no command '{HANDS_IN[cluster]}' here; accepted: a machine that hands in jobs"
        )


def batch_cluster(cluster: ClusterKind, threads: int, memory_bytes: int, *, has_gpu: bool = False) -> Any:
    """Return a cluster of a batch system that has no job yet; a job is for one cell at a time.

    With `has_gpu` SLURM is asked for a GPU, unless `jobqueue.yaml` says which. How PBS is asked for one differs from
    place to place: it must stand there, in `resource-spec` or `job-extra-directives`.

    Raises `BackendError` without dask-jobqueue, `HarnessError` where the memory stated in `jobqueue.yaml`, by a key or
    by a directive that wins over it, is less than `memory_bytes`, the most that a cell may take.
    """
    try:
        import dask_jobqueue
    except ImportError as error:
        raise BackendError(
            f"--cluster {cluster} needs dask-jobqueue: pip install 'segmentation-harness[distributed]'"
        ) from error
    kind = getattr(dask_jobqueue, {"slurm": "SLURMCluster", "pbs": "PBSCluster"}[cluster])
    _require_memory(cluster, threads, memory_bytes)
    # one cell at a time on a machine: its cores are for the threads of the numerical libraries in our worker
    declared = ["--resources", f"{GPU}=1"] if has_gpu else []
    return kind(
        cores=threads,
        processes=1,
        memory=_stated(cluster, "memory") or f"{memory_bytes + BESIDE_BYTES}B",
        worker_extra_args=["--nthreads", "1", *declared],
        job_extra_directives=_directives(cluster, has_gpu),
        job_directives_skip=_skipped(cluster),
        job_cls=_remembering(kind.job_cls),
    )


def require_jobs(client: Client) -> None:
    """Raise `HarnessError` with what the batch system said where it has refused every job of the client's cluster."""
    cluster: Any = getattr(client, "cluster", None)
    jobs = list(getattr(cluster, "workers", {}).values())
    refusals = [refusal for job in jobs if (refusal := getattr(job, "refusal", ""))]
    if refusals and len(refusals) == len(cluster.worker_spec):
        raise HarnessError(
            f"the batch system refuses the jobs: {refusals[0]}; what they ask for stands in Dask's jobqueue.yaml "
            "(queue, account, walltime, …)"
        )


def _remembering(kind: type[Any]) -> type[Any]:
    """Return a kind of job that keeps why it could not be handed in: Dask writes it to a log that nobody sees."""
    from distributed.core import Status

    class Remembering(kind):  # type: ignore[misc]
        refusal = ""

        async def start(self) -> None:
            self.refusal = ""
            try:
                await super().start()
            except (OSError, RuntimeError, ValueError) as error:
                said = str(error).rpartition("stderr:")[2] or str(error)
                self.refusal = one_line(said, {}) or type(error).__name__
                raise

        async def close(self) -> None:
            await super().close()
            self.status = Status.closed  # a cluster that ends asks every job of it, also those never handed in

    return Remembering


def wall_time_problem(cluster: ClusterKind, deadline_s: float) -> str:
    """Return what there is to say where a job lasts shorter than a cell may take, "" if it does not.

    Most cells take less than they may: it is no reason to refuse them.
    """
    stated = str(_stated(cluster, "walltime") or "")
    try:  # a number alone: minutes for SLURM, seconds for PBS
        given_s = wall_time_s(f"0:0:{stated}" if cluster == "pbs" and stated.isdecimal() else stated)
    except ConfigError:  # none, or one that the batch system itself accepts or refuses
        return ""
    if given_s >= deadline_s:
        return ""
    return (
        f"a job of the batch system ends after {stated} (jobqueue.{cluster}.walltime of Dask), a cell may take "
        f"{spoken(deadline_s)}: one that takes longer than its job is lost"
    )


def _stated(cluster: ClusterKind, name: str) -> Any:
    """Return what stands in `jobqueue.yaml`, None for nothing."""
    import dask
    import dask_jobqueue  # noqa: F401 - brings the defaults

    return dask.config.get(f"jobqueue.{cluster}.{name}", None)


def _extra_directives(cluster: ClusterKind) -> tuple[str, list[str]]:
    """Return the key of the directives stated for a job, and those directives."""
    old, key = "job-extra", "job-extra-directives"  # Dask still heeds the old name
    key = old if not _stated(cluster, key) and _stated(cluster, old) else key
    return f"jobqueue.{cluster}.{key}", [str(one) for one in _stated(cluster, key) or ()]


def _directives(cluster: ClusterKind, has_gpu: bool) -> list[str]:
    """Return the directives stated for a job, with one that asks for a GPU where it needs one and none of them does."""
    stated = _extra_directives(cluster)[1]
    if has_gpu and cluster == "slurm" and not any("gpu" in one or one.startswith("-G") for one in stated):
        stated.append("--gres=gpu:1")
    return stated


def _skipped(cluster: ClusterKind) -> list[str]:
    """Return which lines of a job script are left out: SLURM refuses memory by processor beside that of a machine."""
    skipped = [*(_stated(cluster, "job-directives-skip") or _stated(cluster, "header-skip") or ())]
    if cluster == "slurm" and {"--mem-per-cpu", "--mem-per-gpu"} & _slurm_options().keys():
        skipped.append("--mem=")
    return skipped


def _slurm_options() -> dict[str, str]:
    """Return what the directives stated for a job of SLURM say of memory and processors; the last one counts."""
    found = _SLURM_OPTION.findall(" ".join(_extra_directives("slurm")[1]))
    return {name or "--cpus-per-task": value for name, value in found}


def _require_memory(cluster: ClusterKind, threads: int, memory_bytes: int) -> None:
    """Raise `HarnessError` for jobs with less memory than a cell may take: its method would be blamed for their end."""
    asked = _asked_of_slurm(threads) if cluster == "slurm" else _asked_of_pbs()
    for key, stated, given in asked:
        if given is not None and given < memory_bytes:
            raise HarnessError(
                f"{key} of Dask is {stated}, and a cell may take {memory_bytes / 1e9:g} GB: the batch system would end "
                "it; accepted: as much or more, none (then it is asked for), or a suite with less memory_gb in its "
                "limits"
            )


def _asked_of_slurm(threads: int) -> Iterator[tuple[str, str, int | None]]:
    """Yield the one statement of memory that wins: its key, its text, and the bytes that a job has by it."""
    options, job_memory = _slurm_options(), _stated("slurm", "job-mem")
    key = _extra_directives("slurm")[0]
    if "--mem" in options:
        yield key, f"--mem={options['--mem']}", _bytes_of_slurm(options["--mem"])
    elif "--mem-per-cpu" in options:
        each, cores = options["--mem-per-cpu"], str(options.get("--cpus-per-task") or _stated("slurm", "job-cpu") or "")
        count = int(cores) if cores.isdecimal() else threads
        given = _bytes_of_slurm(each)
        yield key, f"--mem-per-cpu={each} (of {count})", None if given is None else given * count
    elif "--mem-per-gpu" in options:  # how many GPUs a job gets is said in too many ways
        return
    elif job_memory is not None:
        yield "jobqueue.slurm.job-mem", str(job_memory), _bytes_of_slurm(str(job_memory))
    else:
        yield from _asked_by_memory("slurm")


def _asked_of_pbs() -> Iterator[tuple[str, str, int | None]]:
    """Yield what is stated of memory: that of directives, and of the resources or, where none are stated, by itself."""
    key, directives = _extra_directives("pbs")
    resources = _stated("pbs", "resource-spec")
    found = [(key, one) for one in directives if _PBS_RESOURCES.search(one)]
    if resources is None:
        yield from _asked_by_memory("pbs")
    else:
        found.append(("jobqueue.pbs.resource-spec", str(resources)))
    for key, text in found:
        for size in _PBS_MEMORY.finditer(text):
            word_bytes = 8 if size["of"].upper() == "W" else 1
            yield key, text, (int(size["number"]) << _POWERS[size["unit"].upper()]) * word_bytes


def _asked_by_memory(cluster: ClusterKind) -> Iterator[tuple[str, str, int | None]]:
    """Yield what the key says that all batch systems have."""
    key, stated = f"jobqueue.{cluster}.memory", _stated(cluster, "memory")
    if stated:
        yield key, str(stated), _bytes_of_dask(stated, key)


def _bytes_of_dask(stated: Any, key: str) -> int:
    from dask.utils import parse_bytes

    try:
        return int(parse_bytes(stated))
    except (ValueError, AttributeError) as error:
        raise HarnessError(f"{key} of Dask is {stated}, which is no size; accepted: '16 GB' and the like") from error


def _bytes_of_slurm(stated: str) -> int | None:
    """Return a size as SLURM reads it, in powers of 1024 and without a unit in MiB.

    None for 0, which is all the memory of a machine, and for what SLURM will refuse.
    """
    found = _SLURM_MEMORY.fullmatch(stated.strip())
    if found is None or not int(found["number"]):
        return None
    return int(found["number"]) << _POWERS[found["unit"].upper() or "M"]
