"""From an exception in a worker to a failure record: status, type, one line of text without paths of the machine."""

from __future__ import annotations

import errno
import os
import re
import tempfile
from pathlib import Path

from harness.errors import BackendError, HarnessError
from harness.escaping import visible
from harness.jobs.messages import Outcome, failure
from harness.model import Status
from harness.process_state import working_folder

MAX_MESSAGE = 500
FILE_SYSTEM = "FileSystem"
"""Type of the failure of a disk or of the network before it."""
DISK_FULL = "DiskFull"
_OF_FILE_SYSTEMS = {
    **dict.fromkeys(
        (errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.ENOTCONN, errno.EHOSTDOWN, errno.EREMOTEIO), FILE_SYSTEM
    ),
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), DISK_FULL),
}
"""What the kernel says of a file system that does not serve: no method can cause it or work around it."""


class NotApplicableError(HarnessError):
    """A stage that cannot work on a sample of this kind, which is no fault of either."""


def outcome_of(error: BaseException, *, stage: str, places: dict[str, str], total_s: float) -> Outcome:
    """Return the failure of a cell. `places` maps folders of this machine to the words that replace them."""
    kind = _of_file_system(error) or type(error).__name__
    return failure(status_of(error), kind, one_line(str(error), places), stage=stage, total_s=total_s)


def loss_of(error: BaseException, *, places: dict[str, str]) -> Outcome:
    """Return the outcome of a cell whose machine could not compute it: no failure of its method."""
    kind = _of_file_system(error) or type(error).__name__
    return failure("lost", kind, one_line(str(error), places) or kind)


def status_of(error: BaseException) -> Status:
    """Return how a cell ended that raised an exception."""
    if isinstance(error, NotApplicableError):
        return "not-applicable"
    if isinstance(error, BackendError | ImportError):
        return "backend-missing"
    # torch and tensorflow have exceptions of their own for a full device, known here only by name
    if isinstance(error, MemoryError) or type(error).__name__ in ("OutOfMemoryError", "ResourceExhaustedError"):
        return "out-of-memory"
    if _of_file_system(error):
        return "lost"
    return "exception"


def _of_file_system(error: BaseException) -> str:
    """Return what of a file system an exception, or the one it comes from, speaks of; "" if of nothing like it."""
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        if isinstance(found, OSError) and found.errno in _OF_FILE_SYSTEMS:
            return _OF_FILE_SYSTEMS[found.errno]
        found = found.__cause__
    return ""


def one_line(message: str, places: dict[str, str]) -> str:
    """Return a message fit for a committed record: one line of UTF-8, bounded, folders of the machine replaced."""
    for folder, word in sorted(places.items(), key=lambda place: -len(place[0])):
        message = message.replace(folder, word)
    message = visible(re.sub(r"\s*\n\s*", " | ", message.strip()))
    return message if len(message) <= MAX_MESSAGE else f"{message[: MAX_MESSAGE - 1]}…"


def machine_places(cache: str, scratch: str) -> dict[str, str]:
    """Return the folders whose names say something about this machine or its user, and what replaces them."""
    import sysconfig

    package = Path(__file__).resolve().parents[2]
    places = {  # a later entry of the same folder wins
        str(package): "<repository>",
        sysconfig.get_paths()["purelib"]: "<site-packages>",
        os.path.expanduser("~"): "~",  # noqa: PTH111 - where there is no home this says "~", and Path.home() raises
        working_folder(): ".",
        tempfile.gettempdir(): "<temporary>",
        cache: "<cache>",
        scratch: "<scratch>",
    }
    return {folder: word for folder, word in places.items() if len(folder) > 1}
