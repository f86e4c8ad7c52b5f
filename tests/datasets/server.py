"""An HTTP server on this machine that can resume, break off, fail, and list archives."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import defaultdict
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import unquote, urlsplit


class FileServer:
    """Serves `files` by path. `breaks[path]` are byte counts after which the next answers stop; `errors[path]` are
    status codes of the next answers; `answers[path]` are whole answers (status, headers, body) that come first;
    `tags[path]` is the version of a file; `ranges` says whether a rest of a file can be asked for; `drips[path]` are
    seconds between its bytes, which come one by one."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.breaks: dict[str, list[int]] = defaultdict(list)
        self.errors: dict[str, list[int]] = defaultdict(list)
        self.answers: dict[str, list[tuple[int, dict[str, str], bytes]]] = defaultdict(list)
        self.tags: dict[str, str] = {}
        self.drips: dict[str, float] = {}
        self._closing = threading.Event()
        self.headers: list[dict[str, str]] = []
        self.ranges = True
        self.requests: list[tuple[str, str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def add(self, path: str, content: bytes) -> str:
        """Serve a file, and return its address."""
        self.files[path] = content
        return self.url + path

    def add_json(self, path: str, value: Any) -> str:
        return self.add(path, json.dumps(value).encode())

    def __enter__(self) -> FileServer:
        self._thread.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def do_GET(self) -> None:
                path = unquote(urlsplit(self.path).path)
                asked = self.headers.get("Range", "")
                outer.requests.append((path, asked))
                outer.headers.append(dict(self.headers))
                if outer.answers[path]:
                    status, headers, body = outer.answers[path].pop(0)
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(body)
                    return
                if outer.errors[path]:
                    self.send_error(outer.errors[path].pop(0))
                    return
                content = outer.files.get(path)
                if content is None:
                    self.send_error(404)
                    return
                tag = outer.tags.get(path, "")
                is_same = self.headers.get("If-Range", tag) == tag
                start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and outer.ranges and is_same else 0
                if start >= len(content) > 0:
                    self.send_error(416)
                    return
                self.send_response(206 if start else 200)
                if tag:
                    self.send_header("ETag", tag)
                if start:
                    self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
                self.send_header("Content-Length", str(len(content) - start))
                self.end_headers()
                stop = outer.breaks[path].pop(0) if outer.breaks[path] else len(content)
                if path in outer.drips:
                    self._drip(content[start : start + stop], outer.drips[path])
                else:
                    self.wfile.write(content[start : start + stop])

            def _drip(self, content: bytes, pause_s: float) -> None:
                with suppress(ConnectionError):  # the client has had enough
                    for byte in content:
                        self.wfile.write(bytes([byte]))
                        if outer._closing.wait(pause_s):
                            return

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
