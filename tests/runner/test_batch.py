from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, get_args

import pytest

from harness.errors import HarnessError
from harness.jobs.messages import WorkerSetup
from harness.runner.batch import HANDS_IN, ClusterKind, job_script, wall_time_problem
from harness.runner.machines import client_of

pytest.importorskip("dask_jobqueue", reason="the extra 'distributed' is not installed")
dask = pytest.importorskip("dask")


@pytest.fixture
def stated() -> Iterator[Any]:
    """Sets what stands in `jobqueue.yaml` of SLURM or PBS, until the test ends."""
    with ExitStack() as stack:
        yield lambda cluster, **keys: stack.enter_context(
            dask.config.set({f"jobqueue.{cluster}.{name.replace('_', '-')}": value for name, value in keys.items()})
        )


def test_a_machine_without_the_commands_of_a_batch_system_is_told_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    setup = WorkerSetup(cache=str(tmp_path), scratch="", device="cpu", threads=1, catalogues=(), plugins=())
    kind: ClusterKind
    for kind in get_args(ClusterKind):
        if command := HANDS_IN.get(kind):
            with pytest.raises(HarnessError, match=f"{kind}: no command '{command}' here"), ExitStack() as stack:
                client_of("", stack, kind, 1, setup)


def test_the_job_script_asks_a_batch_system_for_one_machine() -> None:
    lines = job_script("slurm", threads=4, memory_bytes=14 << 30).splitlines()
    assert lines[0].startswith("#!")
    assert "#SBATCH -n 1" in lines
    assert "#SBATCH --cpus-per-task=4" in lines
    assert "#SBATCH --mem=15G" in lines
    assert any(line.startswith("#SBATCH -t ") for line in lines)
    assert any("distributed.cli.dask_worker" in line and line.rstrip().endswith("--nthreads 1") for line in lines)
    pbs = job_script("pbs", threads=4, memory_bytes=14 << 30)
    assert "#PBS -l select=1:ncpus=4:mem=15GB" in pbs


@pytest.mark.parametrize(
    ("cluster", "name", "little", "enough"),
    [
        ("slurm", "memory", "4 GB", "16 GB"),
        ("pbs", "memory", "15.9 GB", 16 * 10**9),
        ("slurm", "job_mem", "15000", "16G"),
        ("slurm", "job_mem", 15000, 0),
        ("slurm", "job_mem", "15000", "0"),
        ("slurm", "job_mem", "15000000K", "15259M"),
    ],
)
def test_jobs_with_less_memory_than_a_cell_may_take_are_refused(
    stated: Any, cluster: ClusterKind, name: str, little: object, enough: object
) -> None:
    key = name.replace("_", "-")
    stated(cluster, **{name: little})
    with pytest.raises(HarnessError, match=rf"jobqueue\.{cluster}\.{key} of Dask is {little}, .* may take 16 GB"):
        job_script(cluster, threads=1, memory_bytes=16 * 10**9)
    stated(cluster, **{name: enough})
    assert job_script(cluster, threads=1, memory_bytes=16 * 10**9)


def test_of_two_sizes_the_one_that_slurm_is_asked_for_counts(stated: Any) -> None:
    stated("slurm", memory="4 GB", job_mem="16G")
    assert "--mem=16G" in job_script("slurm", threads=1, memory_bytes=16 * 10**9)


@pytest.mark.parametrize(
    ("cluster", "key", "little", "enough"),
    [
        ("slurm", "job_extra_directives", "--mem=4G", "--mem=16G"),
        ("slurm", "job_extra_directives", "--time=9 --mem 15000", "--mem=64000"),
        ("slurm", "job_extra_directives", "--mem-per-cpu=4G", "--mem-per-cpu=8G"),
        ("slurm", "job_extra_directives", "--mem-per-cpu=4G", "--mem-per-cpu=4G -c4"),
        ("slurm", "job_extra_directives", "--mem-per-cpu=8G --cpus-per-task=1", "--mem-per-cpu=16G -c 1"),
        ("slurm", "job_extra_directives", "--mem='4G'", "--mem=0"),
        ("pbs", "job_extra_directives", "-l mem=4gb", "-l mem=16gb"),
        ("pbs", "job_extra_directives", "-lnodes=1:ppn=2,vmem=900mw", "-lnodes=1:ppn=2,vmem=2000mw"),
        ("pbs", "resource_spec", "select=1:ncpus=2:mem=4GB", "select=1:ncpus=2:mem=16gb"),
        ("pbs", "resource_spec", "mem=15999999999", "ncpus=2,mem=16000000000,pmem=1gb"),
    ],
)
def test_directives_with_less_memory_than_a_cell_may_take_are_refused(
    stated: Any, cluster: ClusterKind, key: str, little: str, enough: str
) -> None:
    spec = key == "resource_spec"
    stated(cluster, memory="64 GB", **{key: little if spec else [little]})
    name = re.escape(key.replace("_", "-"))
    with pytest.raises(HarnessError, match=rf"jobqueue\.{cluster}\.{name} of Dask is .*mem.*, .* may take 16 GB"):
        job_script(cluster, threads=2, memory_bytes=16 * 10**9)
    stated(cluster, **{key: enough if spec else [enough]})
    assert enough in job_script(cluster, threads=2, memory_bytes=16 * 10**9)


def test_a_directive_wins_over_the_memory_of_a_job_that_is_too_little(stated: Any) -> None:
    stated("slurm", memory="4 GB", job_mem="4G", job_extra_directives=["--mem=1G", "--mem=16G"])
    assert "#SBATCH --mem=16G" in job_script("slurm", threads=1, memory_bytes=16 * 10**9)
    stated("pbs", memory="4 GB", resource_spec="select=1:mem=16gb")
    assert "#PBS -l select=1:mem=16gb" in job_script("pbs", threads=1, memory_bytes=16 * 10**9)


@pytest.mark.parametrize("directive", ["--mem-per-cpu=16G", "--mem-per-gpu=1G"])
def test_slurm_is_not_asked_for_memory_in_two_ways(stated: Any, directive: str) -> None:
    stated("slurm", job_extra_directives=[directive], job_directives_skip=["-t "])
    lines = job_script("slurm", threads=1, memory_bytes=10**9, has_gpu=True).splitlines()
    assert [line for line in lines if line.startswith("#SBATCH --mem")] == [f"#SBATCH {directive}"]
    assert not any(line.startswith("#SBATCH -t ") for line in lines)


def test_options_that_only_begin_like_those_of_memory_are_none(stated: Any) -> None:
    stated("slurm", job_extra_directives=["--mem-bind=local", "--constraint=1", "-C 2"])
    assert "#SBATCH --mem=15G" in job_script("slurm", threads=1, memory_bytes=14 << 30)
    stated("pbs", job_extra_directives=["-v mem=1", "-l pmem=1gb"])
    assert job_script("pbs", threads=1, memory_bytes=14 << 30)


def test_a_memory_that_is_no_size_is_named(stated: Any) -> None:
    stated("pbs", memory="much")
    with pytest.raises(HarnessError, match=r"jobqueue\.pbs\.memory of Dask is much, which is no size"):
        job_script("pbs", threads=1, memory_bytes=1)


@pytest.mark.parametrize(
    ("cluster", "walltime", "seconds"),
    [
        ("slurm", "00:30:00", 1800.0),
        ("slurm", "1-02:00:00", 93600.0),
        ("slurm", 30, 1800.0),
        ("pbs", "01:00:00", 3600.0),
        ("pbs", 1800, 1800.0),
    ],
)
def test_jobs_that_end_before_a_cell_must_are_said(
    stated: Any, cluster: ClusterKind, walltime: object, seconds: float
) -> None:
    stated(cluster, walltime=walltime)
    assert wall_time_problem(cluster, seconds) == ""
    told = wall_time_problem(cluster, seconds + 36_000.0)
    assert f"ends after {walltime} (jobqueue.{cluster}.walltime of Dask), a cell may take " in told
    assert " h: " in told


@pytest.mark.parametrize("walltime", [None, "UNLIMITED"])
def test_a_wall_time_that_is_none_is_left_to_the_batch_system(stated: Any, walltime: object) -> None:
    stated("slurm", walltime=walltime)
    assert wall_time_problem("slurm", 1e9) == ""


def test_slurm_is_asked_for_a_gpu_unless_the_user_says_which(stated: Any) -> None:
    def asked(has_gpu: bool = True) -> list[str]:
        lines = job_script("slurm", threads=1, memory_bytes=1, has_gpu=has_gpu).splitlines()
        return [line.removeprefix("#SBATCH ") for line in lines if "gpu" in line.lower() and line.startswith("#SBATCH")]

    assert asked(has_gpu=False) == []
    assert asked() == ["--gres=gpu:1"]
    stated("slurm", job_extra_directives=["--constraint=fast"])
    assert asked() == ["--gres=gpu:1"]
    assert "#SBATCH --constraint=fast" in job_script("slurm", threads=1, memory_bytes=1, has_gpu=True)
    stated("slurm", job_extra_directives=["--gres=gpu:h200:2"])
    assert asked() == ["--gres=gpu:h200:2"]


def test_directives_by_their_old_name_are_kept(stated: Any) -> None:
    stated("slurm", job_extra=["--gpus=1"])
    with pytest.warns(FutureWarning, match="job_extra has been renamed"):
        script = job_script("slurm", threads=1, memory_bytes=1, has_gpu=True)
    assert "#SBATCH --gpus=1" in script
    assert "gres" not in script
    stated("pbs", job_extra_directives=["-l ngpus=1"])
    assert "#PBS -l ngpus=1" in job_script("pbs", threads=1, memory_bytes=1, has_gpu=True)
