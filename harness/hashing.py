"""Content hashes: of JSON values, arrays, files and folders, and the seeds derived from them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.regular_files import require_regular

if TYPE_CHECKING:
    import numpy as np

CHUNK_BYTES = 1 << 20


def canonical_json(value: Any) -> str:
    """Return the one JSON text of a value: sorted keys, no blanks, NaN refused."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def hash_value(value: Any) -> str:
    """Return the sha256 (hex) of a JSON-able value's canonical text."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


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
