"""One file over HTTP: resumed after a broken connection, retried, with a progress bar on a terminal."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from harness.errors import FetchError

ATTEMPTS = 4
"""Transfers of one address before the next address is tried."""

TIMEOUT_S = 60.0
CHUNK_BYTES = 1 << 16
"""A broken transfer keeps whole chunks."""
_PARTIAL_CONTENT = 206
_RANGE_REFUSED = 416


class TransferError(FetchError):
    """An address that did not deliver; `is_final` where another attempt would end the same way."""

    def __init__(self, message: str, *, is_final: bool) -> None:
        super().__init__(message)
        self.is_final = is_final


def download(
    url: str, partial: Path, *, resume: bool, progress: bool = False, wait: Callable[[float], None] = time.sleep
) -> None:
    """Download an address into `partial`, continuing what is there if `resume`, else from the start.

    A broken transfer is attempted `ATTEMPTS` times with growing pauses; what has arrived stays in `partial`.
    Raises `TransferError` with the last reason.
    """
    if not resume:
        partial.unlink(missing_ok=True)
    for attempt in range(ATTEMPTS):
        try:
            _transfer(url, partial, resume=resume, progress=progress)
        except TransferError as error:
            if error.is_final or attempt == ATTEMPTS - 1:
                raise
            wait(0.5 * 2**attempt)
        else:
            return


def short_cause(error: Exception) -> str:
    """Return the part of an error of `requests` that a reader can use: the status, or the innermost cause."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"HTTP {error.response.status_code} {error.response.reason}".rstrip()
    cause: BaseException = error
    while cause.__context__ is not None:
        cause = cause.__context__
    where = "proxy: " if isinstance(error, requests.exceptions.ProxyError) else ""
    if isinstance(cause, socket.gaierror):
        return f"{where}name resolution failed"
    if isinstance(error, requests.Timeout) or isinstance(cause, TimeoutError):
        return f"{where}timed out"
    if isinstance(cause, ConnectionRefusedError):
        return f"{where}connection refused"
    return f"{where}{type(error).__name__}: {' '.join(str(cause).split()) or type(cause).__name__}"


def _transfer(url: str, partial: Path, *, resume: bool, progress: bool) -> None:
    import requests

    try:
        with partial.open("ab" if resume else "wb") as output:
            start = output.tell()
            _downloader(output, start, progress=progress)(url, output, None)
    except requests.HTTPError as error:
        _raise_for_status(url, partial, error, is_resumed=start > 0)
    except (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema) as error:
        raise TransferError(f"{url}: not an address", is_final=True) from error
    except requests.RequestException as error:
        raise TransferError(f"{url}: {short_cause(error)}", is_final=False) from error
    except OSError as error:
        raise TransferError(f"{partial}: cannot be written: {error.strerror or error}", is_final=True) from error


def _downloader(output: IO[bytes], start: int, *, progress: bool) -> Any:
    import pooch  # type: ignore[import-untyped]

    headers = {"Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    return pooch.HTTPDownloader(
        progressbar=progress and sys.stderr.isatty(),
        chunk_size=CHUNK_BYTES,
        headers=headers,
        timeout=TIMEOUT_S,
        hooks={"response": _restart_unless_partial(output)},
    )


def _restart_unless_partial(output: IO[bytes]) -> Callable[..., None]:
    """Return a hook that empties the file when a server answers with the whole file instead of the rest of it."""

    def hook(response: Any, *_: Any, **__: Any) -> None:
        is_whole = response.ok and not response.is_redirect and response.status_code != _PARTIAL_CONTENT
        if is_whole and output.tell():
            output.seek(0)
            output.truncate()

    return hook


def _raise_for_status(url: str, partial: Path, error: Any, *, is_resumed: bool) -> None:
    status = int(error.response.status_code)
    if status == _RANGE_REFUSED and is_resumed:
        partial.unlink(missing_ok=True)
        raise TransferError(f"{url}: cannot be resumed (HTTP {status})", is_final=False) from error
    raise TransferError(f"{url}: {short_cause(error)}", is_final=status < 500 and status != 429) from error
