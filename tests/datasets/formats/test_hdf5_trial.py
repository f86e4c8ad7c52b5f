"""Virtual datasets whose list of parts is altered in one place: HDF5 takes it as it stands."""

from __future__ import annotations

import signal
import struct
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import pytest

from harness.datasets.formats import hdf5_trial
from harness.datasets.formats.hdf5_trial import Trial, one_trial, require_readable
from harness.datasets.readers import read_labels, read_spacing
from harness.errors import DataError, HarnessError
from tests.datasets.spread import virtual

LABELS = np.arange(4 * 6 * 5, dtype=np.uint16).reshape(4, 6, 5)
FIRST = b"b0.h5\0labels\0"
RANK = len(FIRST) + 32
"""Where the list has the number of axes of a part, seen from the part's name."""
CRASHES, CIRCLES = "its library crashes when it reads this", "its library does not come to an end in 1 s"


def damaged(folder: Path, how: str) -> Path:
    """Return a file that cannot be read: a part of too many axes, or free space that is the whole heap again."""
    folder.mkdir(exist_ok=True)
    virtual(folder, LABELS)
    path = folder / "a.h5"
    content = bytearray(path.read_bytes())
    if how == CRASHES:
        struct.pack_into("<I", content, content.index(FIRST) + RANK, 3 + (16 << 16))
    else:
        heap = content.index(b"GCOL") + 16  # and here begins its first object: 16 bytes, and its size in steps of 8
        (size,) = struct.unpack_from("<Q", content, heap + 8)
        struct.pack_into("<Q", content, heap + 16 + -(-size // 8) * 8 + 8, 56)
    path.write_bytes(content)
    if survives(path):
        pytest.skip(f"HDF5 {h5py.version.hdf5_version} reads this")
    return path


READ = """
import h5py, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (2, 2))
try:
    h5py.File(sys.argv[1])["labels"][()]
except Exception as error:
    print(error)
"""


def survives(path: Path) -> bool:
    return subprocess.run([sys.executable, "-c", READ, str(path)], capture_output=True, check=False).returncode >= 0


@pytest.mark.parametrize("read", [read_labels, read_spacing])
def test_a_file_that_would_end_this_process_is_refused(tmp_path: Path, read: Callable[[str], object]) -> None:
    path = damaged(tmp_path, CRASHES)
    for name in (str(path), f"{path}:labels"):
        with pytest.raises(DataError, match=rf"a\.h5: damaged HDF5: {CRASHES}"):
            read(name)


def test_a_file_that_never_ends_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = damaged(tmp_path, CIRCLES)
    monkeypatch.setattr(hdf5_trial, "MOST_S", 1.0)
    with pytest.raises(DataError, match=rf"a\.h5: not readable as HDF5: {CIRCLES}"):
        read_labels(path)


def interpreter(folder: Path, *lines: str) -> str:
    """Return a program that runs in place of Python."""
    path = folder / "python"
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)
    return str(path)


ANSWERS = "read line; echo 1; read line"
"""What it is asked first, it answers."""


@pytest.mark.parametrize(
    ("lines", "error", "message"),
    [
        ((ANSWERS, "kill -SEGV $$"), DataError, rf"a\.h5: damaged HDF5: {CRASHES} \(SIGSEGV\)"),
        ((ANSWERS, "exit 3"), DataError, rf"a\.h5: damaged HDF5: {CRASHES} \(exit code 3\)"),
        ((ANSWERS, "kill -XCPU $$"), DataError, r"a\.h5: not readable as HDF5: .* 60 s of processor time"),
        ((ANSWERS, "kill -KILL $$"), HarnessError, r"was ended by SIGKILL \(by hand, or by the kernel when memory"),
        ((ANSWERS, "kill -40 $$"), HarnessError, r"was ended by signal 40"),
        (("echo hello; exit 1",), HarnessError, r"python: did not start to read HDF5: exit code 1"),
    ],
)
def test_how_the_process_ended_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: tuple[str, ...], error: type[Exception], message: str
) -> None:
    virtual(tmp_path, LABELS)
    monkeypatch.setattr(sys, "executable", interpreter(tmp_path, *lines))
    with pytest.raises(error, match=message) as raised:
        read_labels(tmp_path / "a.h5")
    assert isinstance(raised.value, DataError) == (error is DataError)


def test_what_else_is_printed_is_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    virtual(tmp_path, LABELS)
    bad = damaged(tmp_path / "bad", CRASHES)
    program = interpreter(tmp_path, "echo hello", "echo 2", f'exec {sys.executable} "$@"')
    monkeypatch.setattr(sys, "executable", program)
    with one_trial():
        for path in (tmp_path / "a.h5", bad, tmp_path / "b0.h5", bad):
            if path == bad:
                with pytest.raises(DataError, match=CRASHES):
                    require_readable(path, "")
            else:
                require_readable(path, "")


TALKS = """
import h5py
opened = h5py.File.__init__
def opening(*given, **named):
    print("opening", end="", flush=True)
    opened(*given, **named)
h5py.File.__init__ = opening
"""


def test_what_is_printed_meanwhile_spoils_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    virtual(tmp_path, LABELS)
    (tmp_path / "sitecustomize.py").write_text(TALKS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    require_readable(tmp_path / "b0.h5", "")


def test_an_interrupt_does_not_wait_for_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", interpreter(tmp_path, "read line; echo 1", "exec sleep 600"))
    trial = Trial()
    process = trial._started()
    trial.__exit__(KeyboardInterrupt, None, None)
    assert process.returncode == -signal.SIGKILL


def test_threads_and_forked_processes_have_their_own(tmp_path: Path) -> None:
    virtual(tmp_path, LABELS)
    with one_trial():
        require_readable(tmp_path / "b0.h5", "")
        kept = hdf5_trial._KEPT.get()
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(hdf5_trial._KEPT.get).result() is None
            pool.submit(require_readable, tmp_path / "b1.h5", "").result()
        assert kept is not None
        asked, kept.owner = kept._asked, -1  # as in a process that was forked
        require_readable(tmp_path / "b1.h5", "")
        assert kept._asked == asked
    assert hdf5_trial._KEPT.get() is None


def test_one_process_reads_many_files_and_another_one_goes_on_after_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    virtual(tmp_path, LABELS)
    bad = damaged(tmp_path / "bad", CRASHES)
    begun: list[Trial] = []
    started = Trial._started
    monkeypatch.setattr(Trial, "_started", lambda trial: (begun.append(trial), started(trial))[1])
    with one_trial():
        for name in ("a.h5", "b0.h5", "b1.h5"):
            assert len(read_labels(tmp_path / name)) > 0
        assert len(begun) == 1
        for _ in range(2):
            with pytest.raises(DataError, match=CRASHES):
                read_labels(bad)
        require_readable(bad.with_name("b0.h5"), "")
    assert len(begun) == 3, "one for what is sound, one for the second time of the crash, one after it"


def test_errors_are_those_of_the_reader(tmp_path: Path) -> None:
    (tmp_path / "a.h5").write_bytes(b"no HDF5")
    with pytest.raises(DataError, match=r"a\.h5: truncated or not readable as HDF5"):
        read_labels(tmp_path / "a.h5")
    virtual(tmp_path, LABELS, name="c.h5")
    with pytest.raises(DataError, match=r"no HDF5 dataset 'cells'"):
        read_labels(f"{tmp_path / 'c.h5'}:cells")


def test_large_arrays_are_described_and_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("labels", data=np.ones((8, 8), np.uint16), chunks=(4, 4), fletcher32=True)
    read: list[object] = []
    opened = hdf5_trial.open_hdf5

    def spied(path: Path, key: str) -> object:
        stored = opened(path, key)
        read.append(path)
        return stored

    monkeypatch.setattr(hdf5_trial, "open_hdf5", spied)
    monkeypatch.setattr(hdf5_trial, "MOST_BYTES_READ", 127)
    content = bytearray((tmp_path / "a.h5").read_bytes())
    content[-1] ^= 1  # of a value, or of its checksum
    (tmp_path / "a.h5").write_bytes(content)
    hdf5_trial._read(tmp_path / "a.h5", "labels")
    assert read == [tmp_path / "a.h5"]
    monkeypatch.setattr(hdf5_trial, "MOST_BYTES_READ", 128)
    with pytest.raises(DataError, match="not readable as HDF5"):
        hdf5_trial._read(tmp_path / "a.h5", "labels")


def test_a_process_that_cannot_be_started_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    virtual(tmp_path, LABELS)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere"))
    with pytest.raises(HarnessError, match=r"nowhere: cannot be started to read HDF5 \(No such file"):
        read_labels(tmp_path / "a.h5")
