from __future__ import annotations

import socket
from pathlib import Path

import pytest
import requests

from harness.datasets.fetching import http, transfer
from harness.datasets.fetching.transfer import ATTEMPTS, TransferError, download, is_web_page, short_cause
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


@pytest.mark.parametrize("pause_s", [0.01, 0.15])
def test_a_server_that_sends_a_byte_now_and_then_is_not_waited_for(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pause_s: float
) -> None:
    """However long a whole piece would take: what has arrived is looked at as it comes."""
    monkeypatch.setattr(http, "PATIENCE_S", 0.1)
    url = server.add("/a", CONTENT)
    server.drips["/a"] = pause_s
    with pytest.raises(TransferError, match="/a: slower than 1000 bytes/s"):
        download(url, tmp_path / "part", resume=True, wait=_no_wait)
    assert len(server.requests) == ATTEMPTS
    assert 0 < (tmp_path / "part").stat().st_size < len(CONTENT)


def test_requests_carry_the_name_of_the_project(server: FileServer, tmp_path: Path) -> None:
    download(server.add("/a", CONTENT), tmp_path / "part", resume=True)
    assert server.headers[0]["User-Agent"].startswith("segmentation-harness/")


def test_a_server_says_how_long_to_wait(server: FileServer, tmp_path: Path) -> None:
    url = server.add("/a", CONTENT)
    server.answers["/a"] = [(429, {"Retry-After": "6"}, b"slow"), (503, {"Retry-After": "0"}, b"busy")]
    waits: list[float] = []
    download(url, tmp_path / "part", resume=True, wait=waits.append)
    assert waits == [6.0, 1.0]
    server.answers["/a"] = [(429, {"Retry-After": "9000"}, b"slow")]
    with pytest.raises(TransferError, match=r"HTTP 429 .*; asks to come back in 9000 s"):
        download(url, tmp_path / "part", resume=True, wait=waits.append)


def test_what_an_earlier_call_left_is_continued_if_it_is_the_same_version(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "CHUNK_BYTES", 100)
    url = server.add("/a", CONTENT)
    server.tags["/a"] = '"one"'
    server.breaks["/a"] = [1000, 0, 0, 0]
    with pytest.raises(TransferError):
        download(url, tmp_path / "part", resume=True, wait=_no_wait)
    assert (tmp_path / "part").stat().st_size > 0
    server.requests.clear()
    server.headers.clear()
    download(url, tmp_path / "part", resume=True, wait=_no_wait)
    assert server.headers[0]["If-Range"] == '"one"'
    assert server.requests[0][1].startswith("bytes=")
    assert (tmp_path / "part").read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["part"]


def test_what_an_earlier_call_left_of_another_version_starts_again(server: FileServer, tmp_path: Path) -> None:
    url = server.add("/a", CONTENT)
    (tmp_path / "part").write_bytes(b"old" * 50)
    (tmp_path / "part.version").write_text('"one"')
    server.tags["/a"] = '"two"'
    download(url, tmp_path / "part", resume=True, wait=_no_wait)
    assert (tmp_path / "part").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((204, {}, b""), "HTTP 204"),
        ((304, {}, b""), "HTTP 304"),
        ((206, {"Content-Range": "bytes 5-9/10", "Content-Length": "5"}, b"later"), "a part that was not asked for"),
        ((200, {"Content-Length": "0"}, b""), "an empty answer"),
        ((200, {}, b"no length"), "states no length"),
        ((200, {"Content-Length": "many"}, b"x"), "odd Content-Length 'many'|InvalidHeader|Invalid"),
        ((200, {"Content-Length": "30"}, b"<!doctype html><html></html>  "), "a web page"),
        ((200, {"Content-Length": "900"}, b"x" * 900), "has 900 bytes, declared 800"),
    ],
)
def test_answers_that_are_not_the_file(
    server: FileServer, tmp_path: Path, answer: tuple[int, dict[str, str], bytes], message: str
) -> None:
    server.answers["/a"] = [answer] * ATTEMPTS
    size = 800 if "declared" in message else None
    with pytest.raises(TransferError, match=message):
        download(f"{server.url}/a", tmp_path / "part", resume=True, size=size, wait=_no_wait)


def test_a_cut_answer_is_no_file(server: FileServer, tmp_path: Path) -> None:
    server.answers["/a"] = [(200, {"Content-Length": "100"}, b"x" * 40)] * ATTEMPTS
    with pytest.raises(TransferError):
        download(f"{server.url}/a", tmp_path / "part", resume=False, wait=_no_wait)


def test_web_pages_are_known_by_their_beginning() -> None:
    assert is_web_page(b"\n<!DOCTYPE html>")
    assert not is_web_page(b"\x89HDF<html>")
    assert not is_web_page(b"<OME><html>")
