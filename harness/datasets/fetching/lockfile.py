"""`datasets.lock.toml`: hashes of files whose declaration states none, as they were first seen."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from harness.config import Strict, TomlSource
from harness.datasets.fetching.fetch import Owner
from harness.datasets.fetching.places import cache_folder
from harness.errors import FetchError, StoreError
from harness.hashing import hash_value
from harness.store.files import partial_name
from harness.store.lock import ExclusiveLock

FILE_NAME = "datasets.lock.toml"

Voucher = Literal["declared", "listing", "first download"]
"""What a file's hash rests on: its declaration, the listing of its archive, or nothing but its first download."""


class Pin(Strict):
    """A file as it was first seen: its sha256 and size, where it came from, and what had vouched for it."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int
    url: str = ""
    listed: str = ""
    """The checksum that the archive's listing stated, "" if none."""
    seal: str = ""
    """Over all of it and where it stands, by which `harness audit` finds what was altered; "" in older files."""

    @property
    def voucher(self) -> Voucher:
        """What the hash rests on."""
        return "listing" if self.listed else "first download"


def pin_seal(owner: Owner, name: str, file: str, pin: Pin) -> str:
    """Return the seal of a pin in its place."""
    return hash_value([owner, name, file, pin.sha256, pin.size, pin.url, pin.listed])[:16]


class LockedFiles(Strict):
    """The content of the lock file: owner, id, file name -> pin."""

    schema_number: int = Field(default=1, alias="schema")
    datasets: Mapping[str, Mapping[str, Pin]] = Field(default_factory=dict)
    weights: Mapping[str, Mapping[str, Pin]] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LockFile:
    """The lock file in the folder of a catalogue."""

    folder: Path

    @property
    def path(self) -> Path:
        """Where the file is, or will be."""
        return self.folder / FILE_NAME

    @property
    def substitute(self) -> Path:
        """Where pins are kept if the catalogue's folder cannot be written, as in a container image: in the cache."""
        return cache_folder() / "pins" / f"{hash_value(str(self.path.resolve()))[:32]}.toml"

    def pins(self, owner: Owner, name: str) -> Mapping[str, Pin]:
        """Return the pins of a dataset or weights entry by file name; raises `ConfigError` for a damaged file."""
        found, further = (
            (locked.datasets if owner == "datasets" else locked.weights).get(name, {})
            for locked in (_read(self.path), _read(self.substitute))
        )
        return {**further, **found} if further else found

    def add(self, owner: Owner, name: str, pins: Mapping[str, Pin]) -> None:
        """Add pins and rewrite the file in canonical order, atomically, one process after the other.

        Where the folder cannot be written they are kept in the cache. Raises `FetchError` if that fails too.
        """
        try:
            _add(self.path, owner, name, pins)
        except (OSError, StoreError) as reason:
            try:
                self.substitute.parent.mkdir(parents=True, exist_ok=True)
                _add(self.substitute, owner, name, pins)
            except (OSError, StoreError) as error:
                raise FetchError(
                    f"{self.path}: the hash of '{name}' cannot be kept: {reason}, nor in {self.substitute}: {error}; "
                    "HARNESS_CACHE sets the cache folder"
                ) from error


def _add(path: Path, owner: Owner, name: str, pins: Mapping[str, Pin]) -> None:
    """Add pins to a file; its mutex lies beside it, so that it holds for every machine that shares the file."""
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path.parent))
    with ExclusiveLock(path.with_name(f".{path.name}.mutex")):
        locked = _read(path)
        content: dict[Owner, dict[str, dict[str, Pin]]] = {
            "datasets": _copied(locked.datasets),
            "weights": _copied(locked.weights),
        }
        content[owner].setdefault(name, {}).update(pins)
        partial = partial_name(path)
        try:
            partial.write_text(_to_toml(content), encoding="utf-8")
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def _read(path: Path) -> LockedFiles:
    try:
        state = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return LockedFiles()
    return _parsed(path, state.st_ino, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=8)
def _parsed(path: Path, *_: int) -> LockedFiles:
    """Return the content of a lock file, read once per state of it: a run asks for pins thousands of times."""
    return TomlSource(path).validate(LockedFiles)


def _copied(pins: Mapping[str, Mapping[str, Pin]]) -> dict[str, dict[str, Pin]]:
    return {name: dict(files) for name, files in pins.items()}


def is_canonical(text: str, locked: LockedFiles) -> bool:
    """Whether the text of a lock file is what the harness writes of its pins, but for seals that older ones lack."""
    kept = [line for line in text.splitlines() if not line.startswith("seal = ")]
    wanted = _to_toml({"datasets": locked.datasets, "weights": locked.weights}).splitlines()
    return kept == [line for line in wanted if not line.startswith("seal = ")]


def _to_toml(content: Mapping[Owner, Mapping[str, Mapping[str, Pin]]]) -> str:
    lines = [
        "# Written by the harness: hashes of files as first seen, checked ever after. Delete an entry to renew it."
    ]
    lines += ["schema = 1"]
    for owner in sorted(content):
        for name in sorted(content[owner]):
            for file, pin in sorted(content[owner][name].items()):
                lines += ["", f"[{owner}.{_quoted(name)}.{_quoted(file)}]"]
                lines += [f"sha256 = {_quoted(pin.sha256)}", f"size = {pin.size}"]
                further = {"url": pin.url, "listed": pin.listed, "seal": pin.seal or pin_seal(owner, name, file, pin)}
                lines += [f"{key} = {_quoted(value)}" for key, value in further.items() if value]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Return a basic TOML string."""
    escaped = "".join(
        f"\\{char}" if char in '"\\' else char if char.isprintable() else f"\\u{ord(char):04x}" for char in text
    )
    return f'"{escaped}"'
