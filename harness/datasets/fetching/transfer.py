"""One file over HTTP: resumed after a broken connection, retried, bounded, with a progress bar on a terminal."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from harness.datasets.fetching.http import (
    ATTEMPTS,
    TransferError,
    attempted,
    get,
    received,
    refusal,
    short_cause,
    without_secrets,
)

if TYPE_CHECKING:
    import requests

__all__ = ["ATTEMPTS", "TransferError", "download", "is_web_page", "short_cause"]

CHUNK_BYTES = 1 << 16
"""The most that is taken from a connection, and written, at a time."""
MAX_BYTES = 1 << 40
_WHOLE = 200
_PARTIAL_CONTENT = 206
_RANGE_REFUSED = 416
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_PAGE = re.compile(rb"\s*(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)


def download(
    url: str,
    partial: Path,
    *,
    resume: bool,
    progress: bool = False,
    size: int | None = None,
    wait: Callable[[float], None] | None = None,
) -> None:
    """Download an address into `partial`; `size` is that of the file, where it is known.

    With `resume`, what an earlier call has left in `partial` is continued if the server still has that version. A
    broken transfer is attempted `ATTEMPTS` times with growing pauses; what has arrived stays in `partial`, and is
    continued unless, without `resume`, nothing would tell that the server has another version meanwhile.
    Raises `TransferError` with the last reason: also for an empty answer, a web page, more bytes than stated.
    """
    transfer = _Transfer(url, partial, size, progress, resume)
    if not resume or not transfer.validator:
        transfer.forget()
    attempted(transfer.run, wait)
    transfer.validator_file.unlink(missing_ok=True)


def is_web_page(content: bytes) -> bool:
    """Return whether the beginning of a file is that of an HTML page: terms, a login, an error said with status 200."""
    return _PAGE.match(content) is not None


@dataclass(slots=True)
class _Transfer:
    """One download through its attempts. `begun`: the bytes in `partial` are those of this download.

    `is_verified`: a checksum will tell if they and the rest are of two versions.
    """

    url: str
    partial: Path
    size: int | None
    progress: bool
    is_verified: bool
    begun: bool = False

    @property
    def validator_file(self) -> Path:
        """Where the version of a partial file is kept: its ETag, or when it was changed."""
        return self.partial.with_name(f"{self.partial.name}.version")

    @property
    def validator(self) -> str:
        """The version of the partial file as its server named it, "" where none is known."""
        try:
            return self.validator_file.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError):
            return ""

    def forget(self) -> None:
        """Start from the beginning the next time."""
        self.validator_file.unlink(missing_ok=True)
        self.begun = False

    def run(self) -> None:
        """Ask once; raises `TransferError`."""
        validator = self.validator
        may_resume = (self.begun and self.is_verified) or bool(validator)
        start = self.partial.stat().st_size if may_resume and self.partial.is_file() else 0
        headers = {"Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        if start and validator:
            headers["If-Range"] = validator
        with get(self.url, headers) as response:
            if response.status_code == _RANGE_REFUSED and start:
                self.forget()
                raise TransferError(f"{self.said}: cannot be resumed (HTTP {_RANGE_REFUSED})", is_final=False)
            if response.status_code not in (_WHOLE, _PARTIAL_CONTENT):
                raise refusal(self.url, response)
            if response.status_code == _PARTIAL_CONTENT:
                self._check_rest(response, start)
            else:
                start = 0
            self._receive(response, start)

    @property
    def said(self) -> str:
        """The address as messages name it."""
        return without_secrets(self.url)

    def _check_rest(self, response: requests.Response, start: int) -> None:
        """Raise `TransferError` for a part of the file that was not asked for."""
        stated = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
        if not start or stated is None or int(stated.group(1)) != start:
            was_resumed = bool(start)
            self.forget()
            raise TransferError(f"{self.said}: HTTP 206 with a part that was not asked for", is_final=not was_resumed)

    def _receive(self, response: requests.Response, start: int) -> None:
        """Write the body behind `start`; raises `TransferError` if it is not all of what is stated."""
        expected = self._expected(response, start)
        try:
            with self.partial.open("r+b" if start else "wb") as output:
                output.seek(start)
                self.begun = True
                self._keep_validator(response)
                written = start + self._write(response, output, start, expected)
        except OSError as error:
            raise TransferError(
                f"{self.partial}: cannot be written: {error.strerror or error}", is_final=True
            ) from error
        if expected is not None and written != expected:
            raise TransferError(f"{self.said}: broken off after {written} of {expected} bytes", is_final=False)
        if not written and self.size != 0:
            raise TransferError(f"{self.said}: an empty answer", is_final=True)

    def _expected(self, response: requests.Response, start: int) -> int | None:
        """Return the size of the whole file as the server states it, None where it does not."""
        text = response.headers.get("Content-Length")
        if text is None:
            if "chunked" not in response.headers.get("Transfer-Encoding", "").lower() and self.size is None:
                raise TransferError(f"{self.said}: states no length: whether it is cut cannot be told", is_final=True)
            return None
        if not text.strip().isdigit():
            raise TransferError(f"{self.said}: odd Content-Length '{text[:40]}'", is_final=True)
        expected = start + int(text)
        if response.headers.get("Content-Encoding"):
            return None
        if self.size is not None and expected > self.size:
            raise TransferError(f"{self.said}: has {expected} bytes, declared {self.size}", is_final=True)
        return expected

    def _keep_validator(self, response: requests.Response) -> None:
        tag = response.headers.get("ETag", "")
        validator = tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified", "")
        if validator.isascii() and validator:
            self.validator_file.write_text(validator, encoding="ascii")
        else:
            self.validator_file.unlink(missing_ok=True)

    def _write(self, response: requests.Response, output: IO[bytes], start: int, expected: int | None) -> int:
        from tqdm import tqdm

        limit = (self.size or expected or MAX_BYTES) - start
        written = 0
        is_shown = self.progress and sys.stderr.isatty()
        with tqdm(total=expected, initial=start, unit="B", unit_scale=True, disable=not is_shown) as bar:
            for chunk in received(response, self.said, CHUNK_BYTES):
                if start + written == 0 and is_web_page(chunk):
                    raise TransferError(
                        f"{self.said}: answered with a web page instead of the file: terms or a login, say",
                        is_final=True,
                    )
                written += len(chunk)
                if written > limit:
                    raise TransferError(f"{self.said}: sends more than {start + limit} bytes", is_final=True)
                output.write(chunk)
                bar.update(len(chunk))
        return written
