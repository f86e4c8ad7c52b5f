"""Files that are whole or absent: JSON lines, atomic replacement, and the append-only journal."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from pydantic_core import from_json

from harness.errors import StoreError
from harness.regular_files import read_regular

ItemT = TypeVar("ItemT")


def read_lines(path: Path, read: Callable[[Any, str], ItemT], *, torn_tail: bool = False) -> tuple[ItemT, ...]:
    """Return what `read(object, "file:line")` makes of each JSON line; nothing for an absent file.

    With `torn_tail` a last line without its newline is left out: its writer died while writing it.
    Raises `StoreError` naming file and line for every other line that is not JSON.
    """
    name = str(path)
    lines = raw_lines(path, torn_tail=torn_tail)
    return tuple(read(parsed(line, where := f"{name}:{number}"), where) for number, line in enumerate(lines, start=1))


def raw_lines(path: Path, *, torn_tail: bool = False) -> list[bytes]:
    """Return the lines of a file, as `read_lines` takes them, without their newlines; nothing for an absent file."""
    try:
        lines = read_regular(path).split(b"\n")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror})") from error
    tail = lines.pop()
    if tail and not torn_tail:
        lines.append(tail)
    return lines


def parsed(line: bytes, where: str) -> Any:
    """Return what a line says, as the parser of the standard library reads it; the one of pydantic is twice as fast.

    It refuses what only the former takes, half characters for example, and then that decides. Raises `StoreError`
    beginning with `where` for what is no JSON.
    """
    try:
        return from_json(line, cache_strings="keys")
    except ValueError:
        return _parse_slowly(line, where)


def _parse_slowly(line: bytes, where: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise StoreError(f"{where}: not a JSON object ({error}); found {line[:60]!r}") from error


def as_bytes(text: str) -> bytes:
    r"""Return UTF-8; half characters, as of a file name that is no UTF-8, become `\udc..`, which JSON reads back."""
    return text.encode("utf-8", "backslashreplace")


def replace_text(path: Path, text: str) -> None:
    """Write a file durably so that its old or its new content is there at any moment; leaves equal content alone.

    Raises `StoreError` when the disk refuses; the old content is then unchanged.
    """
    content = as_bytes(text)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        if path.is_file() and path.read_bytes() == content:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb", buffering=0) as handle:
            write_all(handle.fileno(), content)
            os.fsync(handle.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise StoreError(f"{path}: cannot be written ({error.strerror}); its old content is unchanged") from error


def partial_name(path: Path) -> Path:
    """Return a hidden name beside a path that nobody else uses, for what becomes the path when it is complete."""
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.partial")


def write_all(fd: int, content: bytes) -> None:
    """Write every byte, however many calls the system needs."""
    view = memoryview(content)
    while view:
        view = view[os.write(fd, view) :]


def sync_folder(folder: Path) -> None:
    """Make a folder's entries durable (a file created in it survives a power cut)."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


class Journal:
    """An append-only file in which every line is durable before `append` returns.

    It keeps its lines in memory too: a file that was removed, replaced or cut by somebody else while it is written is
    noticed at the next line and at the end, said through `log`, and written again.
    """

    def __init__(self, path: Path, log: Callable[[str], None] = lambda line: None) -> None:
        self.path = path
        self._log = log
        self._fd = -1
        self._content = bytearray()
        self._is_torn = False

    def append(self, lines: Iterable[str]) -> None:
        """Add lines, all or none; raises `StoreError` when the disk refuses, with every earlier line kept.

        Lines are in memory before they are on the disk: where an interrupt comes between, the end completes them.
        """
        content = as_bytes("".join(f"{line}\n" for line in lines))
        try:
            self._prepare()
            self._write(content)
        except OSError as error:
            with contextlib.suppress(OSError):  # else the torn tail stays, which readers skip and the next append cuts
                self._settle()
            raise StoreError(
                f"{self.path}: cannot be written ({error.strerror}); every earlier record is kept"
            ) from error

    def _prepare(self) -> None:
        """Have the file open, whole and in its place."""
        if self._fd < 0:
            self._open()
        if self._is_torn:
            self._settle()
        if not self._is_in_place():
            self._write_again()

    def _write(self, content: bytes) -> None:
        start = len(self._content)
        self._is_torn = True
        self._content += content
        try:
            write_all(self._fd, content)
            os.fsync(self._fd)
        except OSError:
            del self._content[start:]
            raise
        self._is_torn = False

    def secure(self) -> None:
        """Write the file again unless it holds, byte for byte, what was appended; nothing if nothing was.

        Raises `StoreError` when the disk refuses.
        """
        try:
            if self._fd < 0:
                return
            if self._is_torn:
                self._settle()
            if not self._is_in_place() or self.path.read_bytes() != self._content:
                self._write_again()
        except OSError as error:
            raise StoreError(f"{self.path}: cannot be written ({error.strerror})") from error

    def remove(self) -> None:
        """Close and delete the file: its lines stand elsewhere now."""
        self.close()
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file and leave its lines."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        if not self._content:
            self._content += self.path.read_bytes()
        sync_folder(self.path.parent)

    def _is_in_place(self) -> bool:
        """Whether the name still leads to the open file, and that is as long as what was appended."""
        return is_open_file(self._fd, self.path) and os.fstat(self._fd).st_size == len(self._content)

    def _write_again(self) -> None:
        lines = self._content.count(b"\n")
        self.close()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.partial")
        try:
            with temporary.open("wb", buffering=0) as handle:
                write_all(handle.fileno(), bytes(self._content))
                os.fsync(handle.fileno())
            temporary.replace(self.path)
        finally:
            temporary.unlink(missing_ok=True)
            # On a disk that refuses, the lines in memory outlive the file: the next append or the end tries again.
            self._fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        sync_folder(self.path.parent)
        self._log(f"{self.path}: was removed or changed while this run writes it; its {lines} lines are written again")

    def _settle(self) -> None:
        """Bring the end of the file to that of the lines in memory: a half-written one is cut, or completed."""
        if self._fd >= 0:
            size = os.fstat(self._fd).st_size
            if size > len(self._content):
                os.ftruncate(self._fd, len(self._content))
            else:
                write_all(self._fd, bytes(self._content[size:]))
                os.fsync(self._fd)
            self._is_torn = False


def is_read_only(error: BaseException | None) -> bool:
    """Whether an error, or the one behind it, says that a place may be read and not written.

    It is not asked beforehand: root, access lists and network file systems each have their own answer.
    """
    while error is not None:
        if isinstance(error, OSError):
            return error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
        error = error.__cause__
    return False


def is_open_file(fd: int, path: Path) -> bool:
    """Whether a path leads to the file that is open as `fd`, which a removed or replaced one does not."""
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except FileNotFoundError:
        return False
