"""Content hashes: of JSON values, arrays, files and folders, and the seeds derived from them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.regular_files import require_regular

if TYPE_CHECKING:
    import numpy as np

CHUNK_BYTES = 1 << 20


def canonical_json(value: Any, plain: Callable[[Any], Any] | None = None) -> str:
    """Return the one JSON text of a value: sorted keys, no blanks, NaN refused.

    `plain` is given what JSON does not know, and returns what it does.
    """
    return _encoder(plain).encode(value)


@cache
def _encoder(plain: Callable[[Any], Any] | None) -> json.JSONEncoder:
    """Return the writer of canonical JSON; one is kept, for tens of thousands of short texts are hashed at a time."""
    return json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False, default=plain)


def hash_value(value: Any, plain: Callable[[Any], Any] | None = None) -> str:
    """Return the sha256 (hex) of a value's canonical JSON text (`canonical_json`)."""
    return hashlib.sha256(canonical_json(value, plain).encode()).hexdigest()


def hash_array(array: np.ndarray) -> str:
    """Return the sha256 (hex) of an array's dtype, shape and C-ordered bytes."""
    import numpy as np

    contiguous = np.ascontiguousarray(array)
    digest = hashlib.sha256(f"{contiguous.dtype.str}{contiguous.shape}".encode())
    digest.update(contiguous.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def hash_file(path: Path) -> str:
    """Return the sha256 (hex) of a file's bytes; raises `OSError`, also for what is no regular file."""
    require_regular(path)
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def hash_folder(folder: Path) -> str:
    """Return one sha256 (hex) over the relative names and bytes of every file below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return hash_value([[path.relative_to(folder).as_posix(), hash_file(path)] for path in files])


def hash_path(path: Path) -> str:
    """Return `hash_file` of a file or `hash_folder` of a folder."""
    return hash_folder(path) if path.is_dir() else hash_file(path)


def derive_seed(*parts: Any) -> int:
    """Return a seed in [0, 2**32) that depends on every JSON-able part and on nothing else."""
    return int(hash_value(list(parts))[:8], 16)
