"""How the harness asks servers: under its own name, patient with busy ones, no passwords in what it says."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from harness.errors import FetchError

if TYPE_CHECKING:
    import requests

ATTEMPTS = 4
"""Requests to one address before the next address is tried."""

TIMEOUT_S = 60.0
MAX_PAUSE_S = 120.0
"""A server that asks for a longer pause is left alone."""
SLOWEST_BYTES_PER_S = 1000
"""A transfer that stays below this for `PATIENCE_S` is broken off."""
PATIENCE_S = 60.0

DISTRIBUTION = "segmentation-harness"
_BUSY = (429, 503)
_SECRET = re.compile(r"token|secret|passw|signature|^sig$|credential|api_?key|^key$", re.IGNORECASE)
T = TypeVar("T")


class TransferError(FetchError):
    """An address that did not deliver.

    `is_final` where another attempt would end the same way; `pause_s` is what the server asked to wait, 0 for nothing.
    """

    def __init__(self, message: str, *, is_final: bool, pause_s: float = 0.0) -> None:
        super().__init__(message)
        self.is_final = is_final
        self.pause_s = pause_s


def user_agent() -> str:
    """Return the name that requests carry: archives refuse the generic ones of libraries."""
    try:
        number = version(DISTRIBUTION)
    except PackageNotFoundError:
        number = "0"
    return f"{DISTRIBUTION}/{number} (reproducible benchmarks of instance segmentation)"


def pause(seconds: float) -> None:
    """Wait between two attempts."""
    time.sleep(seconds)


def attempted(act: Callable[[], T], wait: Callable[[float], None] | None = None) -> T:
    """Return what an action on a server returns, tried `ATTEMPTS` times with growing pauses, or those asked for.

    Raises the last `TransferError`.
    """
    for attempt in range(ATTEMPTS):
        try:
            return act()
        except TransferError as error:
            if error.is_final or attempt == ATTEMPTS - 1:
                raise
            (wait or pause)(max(0.5 * 2**attempt, error.pause_s))
    raise AssertionError("ATTEMPTS is at least one")


def get(url: str, headers: Mapping[str, str]) -> requests.Response:
    """Return the open answer of an address, whatever its status; raises `TransferError` if there is none."""
    import requests

    said = without_secrets(url)
    try:
        return requests.get(
            url, stream=True, timeout=TIMEOUT_S, headers={"User-Agent": user_agent(), **headers}, allow_redirects=True
        )
    except ValueError as error:  # what `requests` says of an address, and what `urllib` says of one redirected to
        raise TransferError(f"{said}: not an address, or redirected to none", is_final=True) from error
    except requests.TooManyRedirects as error:
        raise TransferError(f"{said}: redirected without end", is_final=True) from error
    except requests.RequestException as error:
        raise TransferError(f"{said}: {short_cause(error)}", is_final=False) from error


def received(response: requests.Response, said: str, most: int) -> Iterator[bytes]:
    """Yield the body of an answer as it arrives, at most `most` bytes at a time, its encoding undone.

    Nothing is waited for once some bytes are there: a server that sends one now and then is found out. `said` is the
    address as messages name it. Raises `TransferError` for a connection that breaks, and for one that is too slow.
    """
    from urllib3.exceptions import HTTPError

    since, arrived = time.monotonic(), 0
    while True:
        try:
            chunk = response.raw.read1(most, decode_content=True)
        except HTTPError as error:
            raise TransferError(f"{said}: {short_cause(error)}", is_final=False) from error
        if not chunk:
            return
        arrived += len(chunk)
        yield chunk
        now = time.monotonic()
        if now - since >= PATIENCE_S:
            if arrived < SLOWEST_BYTES_PER_S * (now - since):
                raise TransferError(f"{said}: slower than {SLOWEST_BYTES_PER_S} bytes/s", is_final=False)
            since, arrived = now, 0


def refusal(url: str, response: requests.Response) -> TransferError:
    """Return the error of an answer that is not the file."""
    status = int(response.status_code)
    text = f"{without_secrets(url)}: HTTP {status} {response.reason or ''}".rstrip()
    pause_s = _pause(response.headers.get("Retry-After", "")) if status in _BUSY else 0.0
    if pause_s > MAX_PAUSE_S:
        return TransferError(f"{text}; asks to come back in {pause_s:.0f} s", is_final=True)
    return TransferError(text, is_final=status < 500 and status != 429, pause_s=pause_s)


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


def without_secrets(url: str) -> str:
    """Return an address without user name, password and the parameters that grant access.

    >>> without_secrets("https://me:secret@host/a?download=1&token=x")
    'https://host/a?download=1'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return url.rpartition("@")[2]
    host = parts.netloc.rpartition("@")[2]
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(name, value) for name, value in pairs if not _SECRET.search(name)]
    query = parts.query if len(kept) == len(pairs) else urlencode(kept)
    return urlunsplit((parts.scheme, host, parts.path, query, parts.fragment))


def _pause(text: str) -> float:
    """Return the seconds that a `Retry-After` asks for: a number, or a date; 0 where it is neither."""
    if text.strip().isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return 0.0
    return max(0.0, ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds())
