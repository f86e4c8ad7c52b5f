"""A run on a real SLURM of one node, started here where its programs are installed (Debian: slurmctld, slurmd)."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import HarnessError
from tests.runner.project import Project, Recorder
from tests.runner.test_cluster import check_as_local

pytest.importorskip("dask_jobqueue", reason="the extra 'distributed' is not installed")
dask = pytest.importorskip("dask")

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scancel", "scontrol", "squeue", "sinfo")
START_S = 30.0
CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
MpiDefault=none
KillWait=2
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=65536 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


class Slurm:
    """The programs of a SLURM and its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._begun: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start authentication, controller and node, and wait until the node takes jobs."""
        folder, host = self.folder, socket.gethostname().partition(".")[0]
        (folder / "spool").mkdir()
        key = folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            other.bind(("127.0.0.1", 0))
            ports = [taken.getsockname()[1] for taken in (one, other)]
        text = CONFIGURATION.format(folder=folder, host=host, user=getpass.getuser(), ports=ports)
        (folder / "slurm.conf").write_text(text)
        files = {name: f"{folder}/munge.{name}" for name in ("socket", "pid", "log", "seed")}
        options = [f"--{option}-file={files[option]}" for option in ("pid", "log", "seed")]
        self._program("munged", "-F", "-f", f"--key-file={key}", f"--socket={files['socket']}", *options)
        self._program("slurmctld", "-D")
        self._program("slurmd", "-D", "-N", host)
        ends_s = time.monotonic() + START_S
        while "idle" not in self.told("sinfo", "--noheader", "--format=%T"):
            assert time.monotonic() < ends_s, self.logs()
            time.sleep(0.2)

    def stop(self) -> None:
        """End all jobs and programs."""
        self.told("scancel", f"--user={getpass.getuser()}")
        ends_s = time.monotonic() + START_S
        while self.jobs() and time.monotonic() < ends_s:
            time.sleep(0.2)
        for program in reversed(self._begun):
            program.terminate()
            program.wait(START_S)

    def _program(self, *command: str) -> None:
        with (self.folder / f"{command[0]}.said").open("ab") as said:
            environment = {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf")}
            self._begun.append(subprocess.Popen(command, stdout=said, stderr=said, env=environment))

    def told(self, *command: str) -> str:
        """Return what a command of the user prints."""
        environment = {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf")}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment).stdout

    def jobs(self, *options: str) -> list[str]:
        """Return the ids of jobs that are there."""
        return self.told("squeue", "--noheader", "--format=%i", *options).split()

    def handed_in(self) -> int:
        """Return how many jobs were ever handed in."""
        return (self.folder / "slurmctld.log").read_text().count("_slurm_rpc_submit_batch_job: JobId=")

    def logs(self) -> str:
        """Return what the programs have said."""
        return "\n".join(f"{file.name}: {file.read_text()[-2000:]}" for file in sorted(self.folder.glob("*.[ls]*")))


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slurm]:
    monkeypatch.setenv("PATH", os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"]))
    absent = [name for name in PROGRAMS if shutil.which(name) is None]
    if absent:
        pytest.skip(f"needs the programs of SLURM; not here: {', '.join(absent)}")
    folder = tmp_path / "slurm"
    folder.mkdir()
    made = Slurm(folder)
    monkeypatch.setenv("SLURM_CONF", str(folder / "slurm.conf"))
    monkeypatch.chdir(tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.mark.slow
def test_records_of_jobs_of_a_batch_system_are_those_of_this_machine(
    project: Project, slurm: Slurm, tmp_path: Path
) -> None:
    check_as_local(project, tmp_path / "other-cache", jobs=2, cluster="slurm")
    assert slurm.handed_in() == 2, slurm.logs()
    assert not slurm.jobs("--states=RUNNING,PENDING"), "jobs are left behind"


@pytest.mark.slow
def test_a_job_that_is_ended_is_handed_in_again_and_no_method_is_blamed(project: Project, slurm: Slurm) -> None:
    rows = {f"waits-{number}": f'[{{ id = "fault", how = "wait", number = {number} }}]' for number in range(3)}
    project.go_on(0)
    progress = Recorder()

    def end_when_begun() -> None:
        while not progress.lines:
            time.sleep(0.05)
        slurm.told("scancel", *slurm.jobs("--states=RUNNING"))
        project.go_on(1, 2)

    threading.Thread(target=end_when_begun, daemon=True).start()
    summary = project.run(project.suite(rows), jobs=1, executor="dask", cluster="slurm", progress=progress)
    assert (summary.failed, summary.computed, summary.is_complete) == (0, 6, True)
    assert slurm.handed_in() >= 2, slurm.logs()


@pytest.mark.slow
def test_a_job_whose_memory_is_stated_by_processor_is_taken(project: Project, slurm: Slurm) -> None:
    suite = project.suite({"noop": '[{ id = "noop" }]'}, split="one")
    with dask.config.set({"jobqueue.slurm.job-extra-directives": ["--mem-per-cpu=4G"]}):
        assert project.run(suite, executor="dask", cluster="slurm").computed == 1, slurm.logs()


@pytest.mark.slow
def test_what_the_batch_system_says_of_jobs_that_it_refuses_ends_the_run(project: Project, slurm: Slurm) -> None:
    progress = Recorder()
    suite = project.suite({"noop": '[{ id = "noop" }]'}, deadline_s=9000.0)
    with (
        dask.config.set({"jobqueue.slurm.queue": "nowhere"}),
        pytest.raises(HarnessError, match=r"refuses the jobs: sbatch: error: .*invalid partition.* specified: nowhere"),
    ):
        project.run(suite, jobs=2, executor="dask", cluster="slurm", progress=progress)
    assert any("jobqueue.slurm.walltime of Dask), a cell may take 2.5 h" in line for line in progress.logged)
    assert progress.logged.count("waiting for the batch system to start a job") == 1
    assert not project.records()


@pytest.mark.slow
def test_a_batch_system_that_refuses_jobs_while_a_run_goes_on_ends_it_when_no_machine_is_left(
    project: Project, slurm: Slurm
) -> None:
    rows = {f"waits-{number}": f'[{{ id = "fault", how = "wait", number = {number} }}]' for number in range(3)}
    project.go_on(0)
    progress = Recorder()

    def close_when_begun() -> None:
        while not progress.lines:
            time.sleep(0.05)
        slurm.told("scontrol", "update", "PartitionName=main", "State=INACTIVE")
        slurm.told("scancel", *slurm.jobs("--states=RUNNING"))

    threading.Thread(target=close_when_begun, daemon=True).start()
    with pytest.raises(HarnessError, match="the batch system refuses the jobs: sbatch: error: "):
        project.run(project.suite(rows), jobs=1, executor="dask", cluster="slurm", progress=progress)
    assert project.records()
