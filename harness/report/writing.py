"""Files of the report. It can be written again at any time, so nothing waits for the disk as records do."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.errors import StoreError
from harness.store.files import as_bytes

BUFFER_BYTES = 1 << 18


def write_page(path: Path, text: str) -> None:
    """Write a file; raises `StoreError` if the disk refuses. Half characters become `\\udc..`, as in records."""
    write_parts(path, (as_bytes(text),))


def write_parts(path: Path, parts: Iterable[bytes]) -> None:
    """Write a file part by part, of which no more is held at a time; raises `StoreError` if the disk refuses."""
    try:
        try:
            handle = path.open("wb", buffering=BUFFER_BYTES)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = path.open("wb", buffering=BUFFER_BYTES)
        with handle:
            handle.writelines(parts)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({error.strerror or error})") from error
