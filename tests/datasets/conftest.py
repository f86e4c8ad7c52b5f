"""A local HTTP server and small catalogues in temporary folders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.datasets.catalogue import Catalogue
from harness.datasets.fetching import http
from harness.datasets.fetching.listing import asked_once
from tests.datasets.server import FileServer


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer() as running:
        yield running


@pytest.fixture(autouse=True)
def _no_sources_but_those_of_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HARNESS_MIRROR", "HARNESS_OFFLINE", "HARNESS_DATA"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _no_listing_of_another_test() -> None:
    """Servers of two tests may have the same port."""
    asked_once.cache_clear()


@pytest.fixture
def catalogue(tmp_path: Path) -> Callable[[str], Catalogue]:
    """Write a catalogue (the schema line is added) and read it."""

    def write(text: str) -> Catalogue:
        folder = tmp_path / "project"
        folder.mkdir(exist_ok=True)
        path = folder / "datasets.toml"
        path.write_text(f"schema = 1\n{text}", encoding="utf-8")
        loaded = Catalogue()
        loaded.add_file(path)
        return loaded

    return write


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other at once."""
    monkeypatch.setattr(http, "pause", lambda seconds: None)
