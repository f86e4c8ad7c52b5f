"""Zip and tar archives, damaged, with members that would do harm: what is unpacked lies in its folder, unaltered."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path
from random import Random

from harness.datasets.fetching.unpack import extract_all, extract_one
from tests.campaign.mutations import damaged

CONTENTS = {"a.txt": b"alpha" * 50, "d/b.bin": bytes(range(256)) * 20, "d/e/c": b"", "long": b"0" * 100_000}
NAMES = ("../x", "/x", "a/../../x", "C:/x", "d\\x", "x\0y", "d/b.bin/x", "x" * 300, ".", "", "\udcffx", "a.txt")
VERIFIED = (".tar.gz", ".tar.bz2", ".tar.xz")
"""Kinds whose checksum covers every byte of the archive."""


@dataclass(frozen=True)
class Archives:
    """Archives of the formats that are unpacked."""

    name: str = "archives"

    def prepare(self, folder: Path) -> dict[str, bytes]:
        """Return an archive of every kind."""
        found = {".zip": _zip(zipfile.ZIP_STORED, CONTENTS), ".deflated.zip": _zip(zipfile.ZIP_DEFLATED, CONTENTS)}
        for suffix in (".tar", *VERIFIED):
            found[suffix] = _tar(suffix.removeprefix(".tar").removeprefix("."))
        return found

    def attempt(self, originals: dict[str, bytes], random: Random, folder: Path) -> None:
        """Damage an archive or put a harmful member in, and unpack it, whole or one member."""
        os.environ["HARNESS_CACHE"] = str(folder / "cache")
        suffix = random.choice(sorted(originals))
        is_hostile = random.random() < 0.2
        content = _hostile(random) if is_hostile else damaged(random, originals[suffix])
        path = folder / f"a{'.zip' if is_hostile else suffix}"
        path.write_bytes(content)
        out = folder / "out" / "in"
        try:
            if random.random() < 0.8:
                extract_all(path, out)
            else:
                extract_one(path, [random.choice(sorted(CONTENTS))], out)
        finally:
            _check_contained(folder, path)
        for file in out.rglob("*"):
            name = file.relative_to(out).as_posix()
            if file.is_file() and suffix in VERIFIED and not is_hostile:
                assert file.read_bytes() == CONTENTS[name], f"{name} was unpacked otherwise than packed"


def _check_contained(folder: Path, path: Path) -> None:
    """Nothing lies beside the folder that was named, no link, and nothing half-written."""
    beside = {entry.name for entry in folder.iterdir()} - {"out", "cache", path.name}
    assert not beside, f"unpacked beside its folder: {beside}"
    for entry in (folder / "out").rglob("*"):
        assert not entry.is_symlink(), f"a link was unpacked: {entry}"
        assert not entry.name.endswith(".partial"), f"left half-written: {entry}"
        assert stat.S_ISREG(entry.stat().st_mode) or entry.is_dir(), f"no file: {entry}"


def _zip(compression: int, members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _tar(compression: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=f"w:{compression}") as archive:  # type: ignore[call-overload]
        for name, content in CONTENTS.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def _hostile(random: Random) -> bytes:
    """Return a zip with a member of a harmful name or nature, or with many zeros."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in CONTENTS.items():
            archive.writestr(name, content)
        info = zipfile.ZipInfo(random.choice(NAMES).encode("utf-8", "replace").decode() or "x")
        info.external_attr = random.choice((0, stat.S_IFLNK | 0o777, stat.S_IFIFO | 0o666, stat.S_IFREG | 0o777)) << 16
        with warnings.catch_warnings(action="ignore"):  # a name that stands in it twice is meant
            archive.writestr(info, b"0" * random.choice((1, 10, 10_000_000)), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
