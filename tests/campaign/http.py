"""What servers answer: wrong and missing lengths, ranges, redirects, encodings, cut bodies, pages, listings."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from harness.datasets.declared.declaration import FileDeclaration, Listing
from harness.datasets.fetching import http
from harness.datasets.fetching.listing import asked_once
from harness.datasets.fetching.lockfile import LockFile
from harness.datasets.fetching.remote import FileSet
from tests.campaign.mutations import altered, damaged, json_text
from tests.datasets.server import FileServer, sha256

CONTENT = bytes(range(256)) * 40
PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body></body></html>"
STATUSES = (200, 200, 200, 200, 200, 201, 204, 206, 206, 301, 302, 304, 403, 404, 416, 429, 500, 503)
HEADERS = {
    "Content-Length": ("0", "1", "-1", "x", "99999999999999", str(len(CONTENT)), "10240, 10240", ""),
    "Content-Range": ("bytes 0-9/10240", "bytes 5-10239/10240", "bytes */10240", "x", "bytes 10240-1/0"),
    "Content-Type": ("text/html", "application/json", "x"),
    "Content-Encoding": ("gzip", "deflate", "br", "x"),
    "Retry-After": ("1", "-1", "x", "99999999", "Thu, 01 Jan 1970 00:00:00 GMT"),
    "Location": ("/file", "/", "//", "http://", "file:///etc/hostname", "x:y", "http://127.0.0.1:1/x", "http://[bad"),
    "ETag": ('"a"', "", 'W/"a"'),
    "Transfer-Encoding": ("chunked", "x"),
}


@dataclass(frozen=True)
class Answers:
    """A file and a listing from a server that answers as it likes for a while."""

    name: str = "http"

    def prepare(self, folder: Path) -> None:
        """Nothing is needed: each input has its own server."""

    def attempt(self, originals: None, random: Random, folder: Path) -> None:
        """Fetch a file whose checksum is declared, listed or unknown."""
        os.environ["HARNESS_CACHE"] = str(folder / "cache")
        http.pause = lambda seconds: None  # type: ignore[assignment]
        asked_once.cache_clear()
        with FileServer() as server:
            url = server.add("/file", CONTENT)
            server.ranges = random.random() < 0.7
            server.tags["/file"] = random.choice(('"1"', ""))
            for _ in range(random.randint(0, 4)):
                server.answers["/file"].append(_answer(random))
            how = random.choice(("declared", "seen", "listed"))
            with _bounded(folder):
                path = _file_set(random, server, url, how, folder).fetch("file")
            content = path.read_bytes()
            if how == "seen":
                assert content, "an empty answer was pinned"
                assert not content.startswith(PAGE[:20]), "a page was pinned"
            else:
                assert content == CONTENT, f"{len(content)} other bytes were taken for the file"


def _file_set(random: Random, server: FileServer, url: str, how: str, folder: Path) -> FileSet:
    lock, listing = LockFile(folder), None
    declared: dict[str, Any] = {"name": "file", "urls": [url], "first_seen": True}
    if how == "declared":
        declared = {"name": "file", "urls": [url], "sha256": sha256(CONTENT)}
    if how == "listed":
        declared = {"name": "file", "match": ["*"], "sha256": sha256(CONTENT)}
        listing = _listing(random, server, url)
    return FileSet("datasets", "d", (FileDeclaration.model_validate(declared),), listing, lock)


def _listing(random: Random, server: FileServer, url: str) -> Listing:
    """Serve the listing of an archive, altered in most cases."""
    archive = random.choice(("zenodo", "osf", "biostudies"))
    size = len(CONTENT)
    addresses: dict[str, Any]
    if archive == "zenodo":
        file = {"key": "file", "size": size, "checksum": "md5:x", "links": {"self": url}}
        addresses = {"/api/records/1": {"id": 1, "files": [file]}}
    elif archive == "osf":
        entry = {
            "attributes": {"kind": "file", "name": "file", "size": size, "extra": {"hashes": {}}},
            "links": {"download": url},
        }
        addresses = {"/v2/nodes/1/files/osfstorage/": {"data": [entry], "links": {"next": None}}}
    else:
        entry = {"path": "file", "size": size, "type": "file", "attributes": []}
        addresses = {"/api/v1/studies/1": {"accno": "1", "section": {"files": [[entry]], "subsections": []}}}
        server.add("/files/1/file", CONTENT)
    for address, content in addresses.items():
        text = json_text(altered(random, content) if random.random() < 0.7 else content)
        server.add(address, damaged(random, text) if random.random() < 0.2 else text)
        if random.random() < 0.2:
            server.answers[address].append(_answer(random))
    return Listing(archive=archive, record="1", base=server.url)  # type: ignore[arg-type]


def _answer(random: Random) -> tuple[int, dict[str, str], bytes]:
    cut = random.randrange(len(CONTENT))
    bodies = (
        CONTENT,
        CONTENT[:cut],
        CONTENT[cut:],
        CONTENT + b"x",
        b"",
        PAGE,
        gzip.compress(CONTENT),
        b"{}",
        b"0\r\n\r\n",
    )
    names = random.sample(sorted(HEADERS), random.randint(0, 3))
    return random.choice(STATUSES), {name: random.choice(HEADERS[name]) for name in names}, random.choice(bodies)


@contextmanager
def _bounded(folder: Path) -> Iterator[None]:
    """Nothing larger than the file and a little is left on the disk, whatever was sent."""
    yield
    written = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    assert written < 4 * len(CONTENT) + 20_000, f"{written} bytes were kept"
