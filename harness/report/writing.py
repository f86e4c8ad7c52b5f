"""Files of the report. It can be written again at any time, so nothing waits for the disk as records do."""

from __future__ import annotations

from pathlib import Path

from harness.errors import StoreError


def write_page(path: Path, text: str) -> None:
    """Write a file; raises `StoreError` if the disk refuses. Half characters become `\\udc..`, as in records."""
    content = text.encode("utf-8", "backslashreplace")
    try:
        try:
            path.write_bytes(content)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({error.strerror or error})") from error
