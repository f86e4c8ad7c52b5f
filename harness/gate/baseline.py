"""Where baseline records come from: a results folder, or the results folder as a git revision holds it."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.errors import StoreError

HEAD = "HEAD"


@dataclass(frozen=True, slots=True)
class Baseline:
    """A folder with the layout of `results/`, and how to name it to a reader.

    `itself` is the results folder where the baseline is its committed state: tiers that are not committed yet have
    nothing else to be compared with.
    """

    folder: Path
    title: str
    itself: Path | None = None


@contextmanager
def open_baseline(wanted: str, results: Path) -> Iterator[Baseline]:
    """Yield the baseline a gate was asked for.

    wanted
        A folder; or a git revision, meaning `results` as committed there. Where the folder is `results` itself, a
        comparison with itself would say nothing, so its committed state (HEAD) is the baseline; only what git does
        not hold is compared with itself.

    Raises `StoreError` for what is neither a folder nor a revision that holds the results folder.
    """
    folder = Path(wanted)
    with TemporaryDirectory(prefix="harness-baseline-") as scratch:
        if not folder.is_dir():
            archive = _archive(results, wanted)
            if archive is None:
                raise StoreError(
                    f"baseline '{wanted}': found neither a folder nor a git revision that holds {results}; "
                    f"accepted: a results folder, or a branch, tag or commit"
                )
            yield Baseline(_unpack(archive, Path(scratch)), f"{results} at git revision {wanted}")
        elif folder.resolve() != results.resolve():
            yield Baseline(folder, str(folder))
        elif (committed := _archive(results, HEAD)) is not None:
            yield Baseline(_unpack(committed, Path(scratch)), f"{results} as committed ({HEAD})", folder)
        else:
            yield Baseline(folder, f"{folder} itself (git holds no committed state of it)")


def _archive(folder: Path, revision: str) -> bytes | None:
    """Return a tar of a folder at a revision, or None if git, the revision or the folder in it does not exist."""
    if revision.startswith("-") or not folder.is_dir():
        return None
    try:
        made = subprocess.run(
            ["git", "-C", str(folder), "archive", "--format=tar", revision, "."],
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        return None
    return made.stdout if made.returncode == 0 else None


def _unpack(archive: bytes, scratch: Path) -> Path:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(scratch, filter="data")
    return scratch
