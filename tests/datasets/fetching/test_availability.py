from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.datasets import Availability
from harness.datasets.catalogue import Catalogue
from tests.datasets.server import FileServer, sha256

Write = Callable[[str], Catalogue]

REMOTE = """
[datasets.cells]
kind = "remote"
title = "cells"
licence = "MIT"
citation = "nobody"
landing = "http://register.here"
availability = "open-direct-download"
axes = "YX"
images.wall = {{ file = "a.npy" }}
samples.a = {{}}
files = [{{ name = "a.npy", size = 2500000, sha256 = "{sha256}", urls = ["{url}"] }}]
"""


def _dataset(catalogue: Write, server: FileServer, availability: str = "open-direct-download") -> Availability:
    text = REMOTE.format(url=server.add("/a.npy", b"a"), sha256=sha256(b"a"))
    return catalogue(text.replace("open-direct-download", availability)).dataset("cells").availability()


def test_open_data_are_downloaded_unless_offline(
    server: FileServer, catalogue: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _dataset(catalogue, server) == Availability(True, "to be downloaded (2.5 MB): a.npy")
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    found = _dataset(catalogue, server)
    assert (found.ok, found.how) == (False, "unset HARNESS_OFFLINE")
    assert not server.requests


def test_cached_data_are_there(server: FileServer, catalogue: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    text = REMOTE.format(url=server.add("/a.npy", b"a"), sha256=sha256(b"a"))
    dataset = catalogue(text).dataset("cells")
    dataset.fetch()
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    assert dataset.availability() == Availability(True, "in the cache or the mirror")


def test_a_mirror_makes_data_available(
    server: FileServer, catalogue: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    monkeypatch.setenv("HARNESS_MIRROR", server.url)
    assert "through the mirror" in _dataset(catalogue, server).reason
    monkeypatch.setenv("HARNESS_MIRROR", str(tmp_path))
    assert not _dataset(catalogue, server).ok
    (tmp_path / "cells").mkdir()
    (tmp_path / "cells" / "a.npy").write_bytes(b"a")
    assert _dataset(catalogue, server, "open-registration-required").ok


def test_registration(server: FileServer, catalogue: Write) -> None:
    found = _dataset(catalogue, server, "open-registration-required")
    assert not found.ok
    assert found.how.startswith("register at http://register.here, put into")


def test_packages_and_folders(catalogue: Write, tmp_path: Path) -> None:
    base = REMOTE.format(url="http://x", sha256="0" * 64).replace('availability = "open-direct-download"\n', "")
    base = base[: base.index("files = ")]
    absent = base.replace('"remote"', '"package"\npackage = "no_such_package"\ninstall = "pip install it"')
    assert catalogue(absent).dataset("cells").availability() == Availability(
        False, "package 'no_such_package' is not installed", "pip install it"
    )
    present = absent.replace("no_such_package", "harness")
    assert catalogue(present).dataset("cells").availability().ok
    folder = base.replace('"remote"', '"folder"\npath = "mine"')
    assert "set HARNESS_DATA" in catalogue(folder).dataset("cells").availability().how
    closed = folder.replace('path = "mine"', 'path = "mine"\navailability = "open-registration-required"')
    assert "register at http://register.here" in catalogue(closed).dataset("cells").availability().how
    (tmp_path / "project" / "mine").mkdir()
    assert catalogue(folder).dataset("cells").availability() == Availability(True, "local folder")


def test_private_data_are_not(catalogue: Write) -> None:
    text = REMOTE.format(url="http://x", sha256="0" * 64).replace("open-direct-download", "private-never-released")
    assert catalogue(text).dataset("cells").availability() == Availability(False, "never released: cells")
