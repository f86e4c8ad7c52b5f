from __future__ import annotations

import socket
from pathlib import Path

import pytest
import requests

from harness.datasets.fetching import transfer
from harness.datasets.fetching.transfer import ATTEMPTS, TransferError, download, short_cause
from tests.datasets.server import FileServer

CONTENT = bytes(range(256)) * 40


def _no_wait(_: float) -> None:
    pass


def test_download_writes_the_bytes(server: FileServer, tmp_path: Path) -> None:
    download(server.add("/a", CONTENT), tmp_path / "part", resume=True, progress=True)
    assert (tmp_path / "part").read_bytes() == CONTENT


def test_a_broken_transfer_is_resumed_where_it_stopped(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "CHUNK_BYTES", 100)
    url = server.add("/a", CONTENT)
    server.breaks["/a"] = [1000, 500]
    waits: list[float] = []
    download(url, tmp_path / "part", resume=True, wait=waits.append)
    assert (tmp_path / "part").read_bytes() == CONTENT
    assert [asked for _, asked in server.requests] == ["", "bytes=1000-", "bytes=1500-"]
    assert waits == [0.5, 1.0]


def test_a_server_that_cannot_resume_sends_all_again(server: FileServer, tmp_path: Path) -> None:
    url = server.add("/a", CONTENT)
    server.ranges = False
    server.breaks["/a"] = [1000]
    download(url, tmp_path / "part", resume=True, wait=_no_wait)
    assert (tmp_path / "part").read_bytes() == CONTENT


def test_without_resume_it_starts_anew(server: FileServer, tmp_path: Path) -> None:
    url = server.add("/a", CONTENT)
    (tmp_path / "part").write_bytes(b"old")
    server.breaks["/a"] = [1000]
    download(url, tmp_path / "part", resume=False, wait=_no_wait)
    assert (tmp_path / "part").read_bytes() == CONTENT
    assert {asked for _, asked in server.requests} == {""}


def test_a_part_longer_than_the_file_is_dropped(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "part").write_bytes(CONTENT + b"more")
    download(server.add("/a", CONTENT), tmp_path / "part", resume=True, wait=_no_wait)
    assert (tmp_path / "part").read_bytes() == CONTENT


def test_a_busy_server_is_tried_again(server: FileServer, tmp_path: Path) -> None:
    url = server.add("/a", CONTENT)
    server.errors["/a"] = [503, 429]
    download(url, tmp_path / "part", resume=True, wait=_no_wait)
    assert (tmp_path / "part").read_bytes() == CONTENT


def test_a_missing_file_is_not_tried_again(server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(TransferError, match=r"/b: HTTP 404"):
        download(f"{server.url}/b", tmp_path / "part", resume=True, wait=_no_wait)
    assert len(server.requests) == 1


def test_it_gives_up_after_all_attempts(server: FileServer, tmp_path: Path) -> None:
    url = server.add("/a", CONTENT)
    server.errors["/a"] = [500] * 10
    with pytest.raises(TransferError, match="HTTP 500"):
        download(url, tmp_path / "part", resume=True, wait=_no_wait)
    assert len(server.requests) == ATTEMPTS


def test_nobody_listens(tmp_path: Path) -> None:
    with FileServer() as server:
        url = server.url
    with pytest.raises(TransferError, match=r"/a: connection refused"):
        download(f"{url}/a", tmp_path / "part", resume=True, wait=_no_wait)


def test_no_address(tmp_path: Path) -> None:
    with pytest.raises(TransferError, match="not an address"):
        download("nowhere", tmp_path / "part", resume=True, wait=_no_wait)


def test_the_cause_of_an_error_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(requests.ConnectionError) as nowhere:
        requests.get("http://archive.example/a", proxies={"http": ""}, timeout=5)
    assert short_cause(nowhere.value) == "name resolution failed"
    with pytest.raises(requests.exceptions.ProxyError) as behind:
        requests.get("http://archive.example/a", proxies={"http": "http://proxy.example:1"}, timeout=5)
    assert short_cause(behind.value) == "proxy: name resolution failed"


def test_a_server_that_does_not_answer_has_timed_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(requests.Timeout) as caught:
        requests.get(f"http://127.0.0.1:{silent.getsockname()[1]}/a", timeout=0.1)
    assert short_cause(caught.value) == "timed out"


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="this system has no device that is always full")
@pytest.mark.parametrize("size", [10, 100_000])
def test_a_full_disk_is_named(server: FileServer, tmp_path: Path, size: int) -> None:
    (tmp_path / "part").symlink_to("/dev/full")
    with pytest.raises(TransferError, match="part: cannot be written: No space left on device"):
        download(server.add("/a", bytes(size)), tmp_path / "part", resume=True, wait=_no_wait)
    assert len(server.requests) == 1
