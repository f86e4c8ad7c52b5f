from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from harness.datasets.fetching import fetch, transfer
from harness.datasets.fetching.fetch import Wanted, fetch_file, file_checksum, in_mirror_folder, is_cached, verify
from harness.datasets.fetching.places import cache_folder
from harness.errors import ChecksumError, FetchError, StoreError
from harness.hashing import hash_value
from harness.store.lock import ExclusiveLock
from tests.datasets.server import FileServer, sha256

CONTENT = b"voxels" * 1000
CHECKSUM = f"sha256:{sha256(CONTENT)}"


def _wanted(*urls: str, checksum: str = CHECKSUM) -> Wanted:
    return Wanted("datasets", "nuclei", "a.h5", urls, checksum)


def test_a_file_is_fetched_once(server: FileServer) -> None:
    wanted = _wanted(server.add("/a.h5", CONTENT))
    assert not is_cached(wanted)
    path = fetch_file(wanted, progress=True)
    assert path.read_bytes() == CONTENT
    assert fetch_file(wanted) == path == wanted.target
    assert len(server.requests) == 1
    assert is_cached(wanted)


def test_a_wrong_checksum_names_both_hashes_and_keeps_nothing(server: FileServer) -> None:
    wanted = _wanted(server.add("/a.h5", b"other"))
    with pytest.raises(ChecksumError) as caught:
        fetch_file(wanted)
    assert CHECKSUM in str(caught.value)
    assert sha256(b"other") in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not wanted.target.exists()
    assert not list(wanted.target.parents[2].rglob("*.part"))


def test_the_next_address_is_tried(server: FileServer) -> None:
    wanted = _wanted(f"{server.url}/gone", server.add("/wrong", b"other"), server.add("/right", CONTENT))
    assert fetch_file(wanted).read_bytes() == CONTENT
    assert [path for path, _ in server.requests] == ["/gone", "/wrong", "/right"]


def test_all_failures_are_named(server: FileServer) -> None:
    with pytest.raises(FetchError, match=r"'nuclei': file 'a.h5'.*/one: HTTP 404.*/two: HTTP 404"):
        fetch_file(_wanted(f"{server.url}/one", f"{server.url}/two"))


def test_a_broken_transfer_is_resumed(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "CHUNK_BYTES", 50)
    wanted = _wanted(server.add("/a.h5", CONTENT))
    server.breaks["/a.h5"] = [100]
    assert fetch_file(wanted).read_bytes() == CONTENT
    assert [asked for _, asked in server.requests] == ["", "bytes=100-"]


def test_a_damaged_part_is_replaced(server: FileServer) -> None:
    """What a killed run has left is continued; if the whole is wrong then, the next source or call starts anew."""
    url = server.add("/a.h5", CONTENT)
    wanted = _wanted(url, url)
    server.breaks["/a.h5"] = [10]
    fetch_file(wanted)
    wanted.target.unlink()
    part = wanted.target.parents[2] / ".transfers"
    name = next(path for path in part.iterdir() if path.suffix == ".lock").with_suffix(".part")
    name.write_bytes(b"damaged")
    assert fetch_file(wanted).read_bytes() == CONTENT


def test_a_damaged_file_in_the_cache_is_fetched_again(server: FileServer) -> None:
    wanted = _wanted(server.add("/a.h5", CONTENT))
    fetch_file(wanted).write_bytes(b"damaged")
    assert fetch_file(wanted).read_bytes() == CONTENT


def test_a_damaged_file_in_the_cache_is_named_when_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = _wanted("http://nowhere.invalid/a")
    wanted.target.parent.mkdir(parents=True)
    wanted.target.write_bytes(b"damaged")
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    with pytest.raises(ChecksumError, match="HARNESS_OFFLINE"):
        fetch_file(wanted)


def test_a_mirror_folder_comes_first(server: FileServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "nuclei").mkdir()
    (tmp_path / "nuclei" / "a.h5").write_bytes(CONTENT)
    monkeypatch.setenv("HARNESS_MIRROR", str(tmp_path))
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    wanted = _wanted(server.add("/a.h5", CONTENT))
    assert in_mirror_folder(wanted)
    assert fetch_file(wanted).read_bytes() == CONTENT
    assert not server.requests


def test_wrong_bytes_in_a_mirror_are_not_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "nuclei").mkdir()
    (tmp_path / "nuclei" / "a.h5").write_bytes(b"other")
    monkeypatch.setenv("HARNESS_MIRROR", str(tmp_path))
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    with pytest.raises(ChecksumError, match=sha256(b"other")):
        fetch_file(_wanted())


def test_an_incomplete_mirror_gives_way_to_the_address(
    server: FileServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HARNESS_MIRROR", str(tmp_path))
    assert fetch_file(_wanted(server.add("/a.h5", CONTENT))).read_bytes() == CONTENT


def test_a_mirror_over_http(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.add("/mirror/nuclei/a.h5", CONTENT)
    monkeypatch.setenv("HARNESS_MIRROR", f"{server.url}/mirror/")
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    assert fetch_file(_wanted("http://nowhere.invalid/a")).read_bytes() == CONTENT


def test_offline_tries_no_address(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    with pytest.raises(FetchError, match="HARNESS_OFFLINE is set"):
        fetch_file(_wanted(server.add("/a.h5", CONTENT)))
    assert not server.requests


def test_locate_is_asked_only_when_needed(server: FileServer) -> None:
    calls: list[int] = []

    def locate() -> Wanted:
        calls.append(1)
        return _wanted(server.add("/a.h5", CONTENT))

    wanted = _wanted(checksum="")
    fetch_file(wanted, locate=locate)
    fetch_file(wanted, locate=locate)
    assert calls == [1]


def test_size_counts_where_no_checksum_is_known(server: FileServer) -> None:
    wanted = Wanted("datasets", "nuclei", "a.h5", (server.add("/a.h5", CONTENT),), "", 3)
    with pytest.raises(FetchError, match="has 6000 bytes, declared 3"):
        fetch_file(wanted)


def test_half_of_an_older_version_is_not_continued(server: FileServer) -> None:
    url = server.add("/a.h5", CONTENT)
    wanted = Wanted("datasets", "nuclei", "a.h5", (url,), f"sha256:{sha256(CONTENT)}")
    part = cache_folder() / ".transfers" / f"{hash_value(['datasets', 'nuclei', 'a.h5'])[:32]}.part"
    part.parent.mkdir(parents=True, exist_ok=True)
    part.write_bytes(b"\x55" * 100)
    assert fetch_file(wanted).read_bytes() == CONTENT
    assert server.requests == [("/a.h5", "")]


@pytest.mark.parametrize(
    "page", [b"<!DOCTYPE html><html>terms</html>", b"\n <HTML><body>", b"<!-- a --><html lang='en'>"]
)
def test_a_web_page_is_not_the_file(server: FileServer, page: bytes) -> None:
    with pytest.raises(FetchError, match="answered with a web page instead of the file"):
        fetch_file(Wanted("datasets", "nuclei", "a.h5", (server.add("/a.h5", page),)))
    assert not (cache_folder() / "datasets" / "nuclei" / "a.h5").exists()


def test_a_web_page_in_a_mirror_is_not_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "nuclei").mkdir()
    (tmp_path / "nuclei" / "a.h5").write_bytes(b"<html>")
    monkeypatch.setenv("HARNESS_MIRROR", str(tmp_path))
    with pytest.raises(ChecksumError, match="is a web page instead of the file"):
        fetch_file(Wanted("datasets", "nuclei", "a.h5"))


def test_checksum_algorithms(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    verify(path, "md5:900150983cd24fb0d6963f7d28e17f72", "a")
    with pytest.raises(ChecksumError, match="declared md5:00"):
        verify(path, "md5:00", "a")
    assert file_checksum(path, "sha256") == f"sha256:{sha256(b'abc')}"


def test_an_algorithm_that_is_not_installed(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "find_spec", lambda name: None)
    with pytest.raises(FetchError, match="xxh128, which needs the package xxhash; pip install xxhash"):
        fetch_file(_wanted(server.add("/a.h5", CONTENT), checksum="xxh128:" + "0" * 32))
    assert not server.requests


def test_a_cache_that_cannot_be_written(server: FileServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "file"))
    with pytest.raises(FetchError, match="HARNESS_CACHE"):
        fetch_file(_wanted(server.add("/a.h5", CONTENT)))


def _fetch_in_process(url: str, results: multiprocessing.Queue[str]) -> None:
    results.put(str(fetch_file(_wanted(url)).stat().st_size))


def test_two_processes_fetch_one_file_once(server: FileServer) -> None:
    url = server.add("/a.h5", CONTENT)
    context = multiprocessing.get_context("fork")
    results: multiprocessing.Queue[str] = context.Queue()
    workers = [context.Process(target=_fetch_in_process, args=(url, results)) for _ in range(3)]
    for worker in workers:
        worker.start()
    assert [results.get(timeout=60) for _ in workers] == [str(len(CONTENT))] * 3
    for worker in workers:
        worker.join()
    assert len(server.requests) == 1


def test_what_is_cached_needs_no_lock(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache that others share may be read-only."""
    wanted = _wanted(server.add("/a.h5", CONTENT))
    fetch_file(wanted)

    def refuse(lock: ExclusiveLock) -> bool:
        raise StoreError("cannot be locked (Permission denied)")

    monkeypatch.setattr(ExclusiveLock, "acquire", refuse)
    assert fetch_file(wanted) == wanted.target
    wanted.target.unlink()
    with pytest.raises(
        FetchError, match=r"cannot be written: cannot be locked \(Permission denied\); HARNESS_CACHE sets"
    ):
        fetch_file(wanted)
