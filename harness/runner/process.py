"""A worker as its parent sees it: spawned in a session of its own, spoken to over pipes, watched and killed whole."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from harness.errors import BackendError, StoreError
from harness.interpreters import import_variables
from harness.jobs.channel import Inbox, send
from harness.jobs.messages import Backend, ForeignBytesError, Job, Log, Message, Ready, WorkerSetup, decode, encode
from harness.memory import TreeMemory
from harness.store.files import is_read_only
from harness.threads import thread_variables

_LOG_LINES = 3
SCRATCH = "harness-worker-"
"""How the scratch folders of workers begin; the process id of the run follows."""
KILL_S = 10.0
"""How long a killed worker may take to end."""
UNWATCHED_S = 3.0
"""A look that comes so long after the one before was kept from it: the run was suspended, or is held up itself."""
STALLED_S = 3.0
"""From when on waiting for a disk without a break is the file system's doing, and not the reading of a method."""
LOGS = "logs"
"""The folder of the cache with what workers print."""
LOG_MARK_S = 3600.0
"""How often the log of a worker that lives is marked as such: it may be silent for weeks, and old logs are swept."""


class WorkerProcess:
    """One worker of one backend.

    `job` is the cell it computes, `stage` the stage it has reported last, `ready` what it said of itself when it was
    there (None before), `process` the process that said it: that of the interpreter, whatever script began it.
    `stalled_s` are seconds of the cell, or of the start, in which a file system did not answer. `gpu` is the only one
    that it sees, as CUDA_VISIBLE_DEVICES names it; None leaves that to the environment.
    """

    def __init__(self, backend: Backend, setup: WorkerSetup, gpu: str | None = None) -> None:
        self.backend = backend
        self.gpu = gpu
        self.job: Job | None = None
        self.stage = ""
        self.ready: Ready | None = None
        self.process = 0
        self.deadline_s = float("inf")
        self.stalled_s = 0.0
        self._waits_s = 0.0
        self._paused_at_s: float | None = None
        self._keeps_log = False
        self._log_marked_at_s = time.monotonic()
        self.log_path = _log_path(Path(setup.cache), backend)
        self._scratch = _new_scratch()
        self._spawn(setup.with_scratch(str(self._scratch)))
        self.memory = TreeMemory(self.pid)

    @property
    def pid(self) -> int:
        """Process id, which is also that of the group and of the session."""
        return self._process.pid

    def send_job(self) -> None:
        """Hand over the job and start its clock; a worker that is gone is noticed by its closed pipe."""
        assert self.job is not None
        self.stage = ""
        self.stalled_s = self._waits_s = 0.0
        self._paused_at_s = None
        self.deadline_s = time.monotonic() + self.job.deadline_s
        with contextlib.suppress(BrokenPipeError):
            send(self._to_worker, encode(self.job))

    def messages(self) -> Iterator[Message]:
        """Yield what the worker has said since; raises `ForeignBytesError` for what only somebody else can have said.

        A process that a stage forked holds the same pipes. What it says, or computes of a cell it took, is not this
        worker's. Each message is held against the job of the moment it is yielded.
        """
        for line in self.inbox.read():
            message = decode(Message, line)
            self._check_sender(message)
            yield message

    def _check_sender(self, message: Message) -> None:
        event = message.event
        if isinstance(event, Ready) and self.ready is None:
            self.ready, self.process = event, message.process
        elif message.process != self.process or isinstance(event, Ready):
            raise ForeignBytesError(
                f"process {message.process} speaks for the worker, which is process {self.process}: a stage has forked"
            )
        elif not isinstance(event, Log) and (self.job is None or message.cell != self.job.cell.key):
            asked = self.job.cell.key[:12] if self.job else "none"
            raise ForeignBytesError(f"the worker speaks of cell {message.cell[:12] or 'none'}; its cell is {asked}")

    def pause(self) -> None:
        """Stop the clock of the cell: its worker waits for another one."""
        self._paused_at_s = time.monotonic()

    def resume(self) -> None:
        """Let the clock of the cell go on."""
        if self._paused_at_s is not None:
            self.deadline_s += time.monotonic() - self._paused_at_s
            self._paused_at_s = None

    def note_look(self, since_s: float) -> None:
        """Take from the clock of the cell those of the seconds since the last look that are not its method's.

        All of a gap: a batch system suspends a job with all its processes. Where the run alone was stopped, its worker
        has got more time than it should, which holds nothing against anybody. And all of a stall, once it is one.
        """
        if self._paused_at_s is not None:  # a clock that stands gets all of it back later
            return
        if since_s > UNWATCHED_S:
            self.deadline_s += since_s
            return
        before_s, self._waits_s = self._waits_s, self._waits_s + since_s if self.waits_for_disk() else 0.0
        if self._waits_s >= STALLED_S:
            more_s = since_s if before_s >= STALLED_S else self._waits_s
            self.stalled_s += more_s
            self.deadline_s += more_s

    def is_late(self, now_s: float) -> bool:
        """Whether the cell's deadline has passed at an instant of which `note_look` knows, and no stall has begun."""
        return self._paused_at_s is None and now_s > self.deadline_s and not self._waits_s

    def waits_for_disk(self) -> bool:
        """Whether a process of the worker is held by the kernel, which happens where a disk or its network stalls."""
        return any(_waits_for_disk(pid) for pid in (self.pid, *self.memory.descendants))

    def exit_code(self, *, wait_s: float = 0.0) -> int | None:
        """Return the exit code of the process, negative for a signal; None if it still runs after some seconds."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(wait_s) if wait_s else self._process.poll()
        return None

    def keep_log(self) -> bool:
        """Leave the log in place when the worker ends, as it may explain a failure; return whether that is new."""
        is_new, self._keeps_log = not self._keeps_log, True
        return is_new

    def mark_log(self) -> None:
        """Say now and then that the log is in use, by its time: no run sweeps it then, on whatever machine."""
        if time.monotonic() - self._log_marked_at_s >= LOG_MARK_S:
            self._log_marked_at_s = time.monotonic()
            with contextlib.suppress(FileNotFoundError):  # removed by hand, which `last_log_lines` says
                os.utime(self.log_path)

    def last_log_lines(self) -> str:
        """Return the end of the worker's log, or that it is gone."""
        try:
            lines = self.log_path.read_text(encoding="utf-8", errors="replace").split("\n")
        except FileNotFoundError:
            return f"{self.log_path}: its log was removed while it ran"
        return " | ".join([line.strip() for line in lines if line.strip()][-_LOG_LINES:])

    def kill(self) -> int:
        """End the whole process group and every known descendant at once; return the exit code.

        A process that the kernel holds ends when it is let go: that is not waited for longer than `KILL_S`.
        """
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGSTOP)  # so that it starts no process after this look
        self.memory.look_up()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        for pid in self.memory.descendants:  # those that left the group
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        code = self.exit_code(wait_s=KILL_S)
        for pipe in (self._to_worker, self.inbox.fd, self._lifeline):
            os.close(pipe)
        shutil.rmtree(self._scratch, ignore_errors=True)
        if not self._keeps_log:
            self.log_path.unlink(missing_ok=True)
        return -signal.SIGKILL if code is None else code

    def _spawn(self, setup: WorkerSetup) -> None:
        job_read, self._to_worker = os.pipe()
        event_read, event_write = os.pipe()
        life_read, self._lifeline = os.pipe()
        self.inbox = Inbox(event_read)
        inherited = (job_read, event_write, life_read)
        command = [self.backend.python, "-P", "-m", "harness.worker.main", *(str(pipe) for pipe in inherited)]
        try:
            with self.log_path.open("wb") as log:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=inherited,
                    start_new_session=True,
                    env=worker_environment(setup, self.gpu),
                )
        except OSError as error:
            for pipe in (self._to_worker, event_read, self._lifeline):
                os.close(pipe)
            shutil.rmtree(self._scratch, ignore_errors=True)
            raise BackendError(f"{self.backend.python}: cannot be started ({error.strerror})") from error
        finally:
            for pipe in inherited:
                os.close(pipe)
        with contextlib.suppress(BrokenPipeError):
            send(self._to_worker, encode(setup))


def worker_environment(setup: WorkerSetup, gpu: str | None = None) -> dict[str, str]:
    """Return the environment of a worker: threads pinned, hashes fixed, devices hidden unless they are asked for.

    Of several GPUs it sees the one that is named.
    """
    variables = {
        **os.environ,
        **import_variables(),
        **thread_variables(setup.threads),
        "HARNESS_CACHE": setup.cache,
        "PYTHONHASHSEED": "0",
        "PYTHONIOENCODING": "utf-8:backslashreplace",
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": setup.scratch,
    }
    if setup.device == "cpu":
        variables["CUDA_VISIBLE_DEVICES"] = "-1"
    elif gpu is not None:
        variables["CUDA_VISIBLE_DEVICES"] = gpu
    return variables


def _waits_for_disk(pid: int) -> bool:
    """Whether a process is in uninterruptible sleep; asked at every look, of the kernel itself where it tells."""
    with contextlib.suppress(OSError):  # not Linux, which alone knows that state, or the process has ended
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2].startswith(b"D")
    return False


def _new_scratch() -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix=f"{SCRATCH}{os.getpid()}-"))
    except OSError as error:
        raise StoreError(
            f"{tempfile.gettempdir()}: no scratch folder can be made ({error.strerror}); TMPDIR names another place"
        ) from error


def _log_path(cache: Path, backend: Backend) -> Path:
    """Return a new empty file for what a worker prints: in the cache, or, where that is read-only, in a scratch place.

    It has the access that the umask grants, as all of a cache that others share.
    """
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{backend.name}-{secrets.token_hex(4)}.log"
    folder = cache / LOGS
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).touch(exist_ok=False)
    except OSError as error:
        if is_read_only(error):
            return Path(tempfile.gettempdir()) / f"harness-{name}"
        raise StoreError(
            f"{folder}: the cache cannot be written ({error.strerror}); HARNESS_CACHE names another place"
        ) from error
    return folder / name
