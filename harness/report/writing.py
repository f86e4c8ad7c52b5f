"""Files of the report. It can be written again at any time, so nothing waits for the disk as records do."""

from __future__ import annotations

from pathlib import Path

from harness.errors import StoreError
from harness.store.files import as_bytes


def write_page(path: Path, text: str) -> None:
    """Write a file; raises `StoreError` if the disk refuses. Half characters become `\\udc..`, as in records."""
    write_bytes(path, as_bytes(text))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file; raises `StoreError` if the disk refuses."""
    try:
        try:
            path.write_bytes(content)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({error.strerror or error})") from error
