"""Folders by key that several workers share: how one is removed, and how what was left half-written is swept."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import stat
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

STALE_S = 24 * 3600.0
"""Age in seconds after which a half-written folder has no living owner."""


_SEAL = ', "checksum": "'


def sealed(said: Mapping[str, Any]) -> str:
    """Return a description as JSON that ends with the checksum of all before it."""
    text = json.dumps(said)
    return f'{text[:-1]}{_SEAL}{hashlib.sha256(text.encode()).hexdigest()}"}}'


def is_altered(text: bytes) -> bool:
    """Whether a description is not what was sealed."""
    head, seal, checksum = text.rpartition(_SEAL.encode())
    return not seal or checksum != f'{hashlib.sha256(head + b"}").hexdigest()}"}}'.encode()


def remove(folder: Path) -> None:
    """Remove an entry, whatever stands in its place: a folder, a file, or a link, whose target stays."""
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder, ignore_errors=True)
    else:
        folder.unlink(missing_ok=True)


def share(folder: Path) -> None:
    """Give what lies in a folder the access that the folder itself has, which is what the umask grants.

    Libraries write models by way of temporary files, which are their owner's alone.
    """
    granted = folder.stat().st_mode
    for path in folder.rglob("*"):
        if not path.is_symlink():
            mode = stat.S_IMODE(path.stat().st_mode)
            path.chmod(mode | granted & (0o777 if path.is_dir() else 0o666))


def sweep_drafts(drafts: Iterable[Path], *, now_s: float | None = None) -> None:
    """Remove what killed workers left half-written more than a day ago; `now_s` is the time since the epoch."""
    oldest_s = (time.time() if now_s is None else now_s) - STALE_S
    for draft in drafts:
        with contextlib.suppress(OSError):  # its worker lives and has finished it, or it is another user's
            if draft.stat().st_mtime < oldest_s:
                shutil.rmtree(draft, ignore_errors=True)
