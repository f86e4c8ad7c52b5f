"""Fetching by dataset, by suite, and what cannot be had."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.datasets.fetching import http
from harness.datasets.fetching.listing import asked_once
from tests.cli.project import CATALOGUE, RECIPE, Cli
from tests.datasets.server import FileServer, sha256

BLOBS = "dataset blobs: nothing to download, no checksum to verify\n"
FIRST_SEEN = "first seen: the lock file keeps the hash from now on, nothing else vouches for it"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """The only source of data."""
    for name in ("HARNESS_MIRROR", "HARNESS_OFFLINE", "HARNESS_DATA"):
        monkeypatch.delenv(name, raising=False)
    asked_once.cache_clear()
    with FileServer() as running:
        yield running


def _weights(server: FileServer) -> str:
    """Return weights of every sort: with a declared checksum, with one in the archive's listing, with none, mixed."""
    urls = {name: server.add(f"/{name}", name.encode()) for name in ("declared", "listed", "unstated")}
    entry = {
        "key": "listed",
        "checksum": f"md5:{hashlib.md5(b'listed').hexdigest()}",
        "links": {"self": urls["listed"]},
    }
    server.add_json("/api/records/1", {"files": [entry]})
    files = {
        "declared": f'{{ name = "d", urls = ["{urls["declared"]}"], sha256 = "{sha256(b"declared")}" }}',
        "listed": '{ name = "l", match = ["listed"] }',
        "unstated": f'{{ name = "u", urls = ["{urls["unstated"]}"], first_seen = true }}',
    }
    files["mixed"] = ", ".join(files.values())
    return "".join(
        f'[weights.{name}]\ntitle = "w"\nlicence = "l"\nfiles = [{text}]\n'
        f'listing = {{ archive = "zenodo", record = "1", base = "{server.url}" }}\n'
        for name, text in files.items()
    )


def test_a_dataset_and_the_needs_of_a_suite(cli: Cli) -> None:
    assert cli("fetch", "blobs")[:2] == (0, BLOBS)
    assert cli("fetch", "toy", "--tier", "mini")[:2] == (0, BLOBS)


def test_it_says_what_vouches_for_the_files(cli: Cli, server: FileServer) -> None:
    (cli.folder / "datasets.toml").write_text(CATALOGUE + _weights(server))
    declared = "1 file verified against the declared checksum"
    listed = "1 file verified against the checksum in the archive's listing"
    assert cli("fetch", "declared", "listed", "unstated", "mixed")[1].splitlines() == [
        f"weights declared: {declared}",
        f"weights listed: {listed}",
        f"weights unstated: 1 file {FIRST_SEEN}",
        f"weights mixed: {declared}; {listed}; 1 file {FIRST_SEEN}",
    ]
    assert cli("fetch", "declared", "listed", "unstated", "mixed")[1].splitlines() == [
        f"weights declared: {declared}",
        "weights listed: 1 file verified against the lock file",
        "weights unstated: 1 file verified against the lock file",
        f"weights mixed: {declared}; 2 files verified against the lock file",
    ]


def test_a_copy_in_the_mirror_folder_is_first_seen(
    cli: Cli, server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cli.folder / "datasets.toml").write_text(CATALOGUE + _weights(server))
    (tmp_path / "mirror" / "listed").mkdir(parents=True)
    (tmp_path / "mirror" / "listed" / "l").write_bytes(b"another file")
    monkeypatch.setenv("HARNESS_MIRROR", str(tmp_path / "mirror"))
    assert cli("fetch", "listed")[1] == f"weights listed: 1 file {FIRST_SEEN}\n"


def test_an_archive_that_does_not_answer_is_asked_once(
    cli: Cli, server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cli.folder / "datasets.toml").write_text(CATALOGUE + _weights(server))
    monkeypatch.setattr(http, "pause", lambda seconds: None)
    server.errors["/api/records/1"] = [503] * 10
    code, _, err = cli("fetch", "listed", "mixed")
    assert code == 3
    first, second, _ = err.splitlines()
    assert first.startswith("harness: error: weights listed: the listing of zenodo 1 cannot be read: ")
    assert second == first.replace("weights listed", "weights mixed")
    assert [path for path, _ in server.requests].count("/api/records/1") == http.ATTEMPTS
    (tmp_path / "mirror" / "listed").mkdir(parents=True)
    (tmp_path / "mirror" / "listed" / "l").write_bytes(b"listed")
    monkeypatch.setenv("HARNESS_MIRROR", str(tmp_path / "mirror"))
    assert cli("fetch", "listed")[0] == 0


def test_what_cannot_be_had_is_said_after_the_rest(cli: Cli) -> None:
    code, out, err = cli("fetch", "absent", "blobs")
    assert code == 3
    assert out == BLOBS
    assert "dataset absent: " in err
    assert err.splitlines()[-1] == "harness: 1 of 2 could not be fetched"


def test_an_unknown_name(cli: Cli) -> None:
    code, _, err = cli("fetch", "blob")
    assert (code, err) == (2, "harness: error: 'blob' is no dataset, weights or suite; did you mean 'blobs'?\n")


def test_of_weights_that_are_trained_here_the_data_are_fetched(cli: Cli) -> None:
    (cli.folder / "datasets.toml").write_text(CATALOGUE + RECIPE)
    assert cli("fetch", "cooked")[:2] == (0, BLOBS)
