"""Where baseline records come from: a results folder, or the results folder as a git revision holds it."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.errors import BaselineError, StoreError

HEAD = "HEAD"
NO_REPOSITORY = "not a git repository"
"""What git says, in English, of a folder that no repository holds."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """A folder with the layout of `results/`, and how to name it to a reader."""

    folder: Path
    title: str


@contextmanager
def open_baseline(wanted: str, results: Path) -> Iterator[Baseline]:
    """Yield the baseline a gate was asked for, which is never the results themselves.

    wanted
        A folder; or a git revision, meaning `results` as committed there. Where the folder is `results` itself, a
        comparison with itself would say nothing, so its committed state (HEAD) is the baseline.

    Raises `StoreError` for what is neither a folder nor a git revision, `BaselineError` with git's own reason where
    git does not hold the results or cannot be asked.
    """
    folder = Path(wanted)
    with TemporaryDirectory(prefix="harness-baseline-") as scratch:
        if not folder.is_dir():
            yield Baseline(_committed(results, wanted, Path(scratch)), f"{results} at git revision {wanted}")
        elif folder.samefile(results) if results.exists() else folder.resolve() == results.resolve():
            yield Baseline(_committed(results, HEAD, Path(scratch)), f"{results} as committed ({HEAD})")
        else:
            _refuse_links(folder, results)
            yield Baseline(folder, str(folder))


def _refuse_links(folder: Path, results: Path) -> None:
    """Raise `BaselineError` if a file of records in the baseline is the one in the results, through whatever link."""
    for path in folder.glob("*/v*/*/*.jsonl"):
        twin = results / path.relative_to(folder)
        if twin.exists() and path.resolve() == twin.resolve():
            raise BaselineError(f"{path}: is the same file as {twin}: results would be compared with themselves")


def _committed(results: Path, revision: str, scratch: Path) -> Path:
    """Unpack the results folder as a revision holds it into a scratch folder and return that."""
    place = f"{results} at git revision {revision}"
    if not results.is_dir():
        raise StoreError(
            f"baseline '{revision}': found neither a folder nor a git revision: {results} is not there to be looked for"
        )
    if shutil.which("git") is None:
        raise BaselineError(f"{place}: cannot be read: git is not installed")
    inside = _git(results, "rev-parse", "--is-inside-work-tree")
    known = _git(results, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    is_outside = inside.returncode != 0 and NO_REPOSITORY in _reason(inside)
    if revision != HEAD and (is_outside or (inside.returncode == 0 and known.returncode != 0)):
        raise StoreError(
            f"baseline '{revision}': found neither a folder nor a git revision that holds {results}; accepted: "
            f"a results folder, or a branch, tag or commit{_through(results)} (git says: {_reason(known)})"
        )
    if inside.returncode != 0:
        raise BaselineError(f"{place}: cannot be read{_through(results)}: git says: {_reason(inside)}")
    if known.returncode != 0:
        raise BaselineError(f"{place}: nothing is committed yet: git says: {_reason(known)}")
    made = _git(results, "archive", "--format=tar", known.stdout.decode("ascii").strip(), ".")
    if made.returncode != 0:
        raise BaselineError(f"{place}: not committed there{_through(results)}: git says: {_reason(made)}")
    with tarfile.open(fileobj=io.BytesIO(made.stdout)) as tar:
        tar.extractall(scratch, filter="data")
    return scratch


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    english = {**os.environ, "LC_ALL": "C"}
    return subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=False, env=english)


def _reason(done: subprocess.CompletedProcess[bytes]) -> str:
    """Return what git wrote to stderr, on one line."""
    return " ".join(done.stderr.decode("utf-8", "replace").split()) or f"exit code {done.returncode}"


def _through(results: Path) -> str:
    """Name the folder that a link leads to: it is there that git was asked."""
    return f" (it is a link to {results.resolve()})" if results.is_symlink() else ""
