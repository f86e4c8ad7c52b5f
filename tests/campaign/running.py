"""Inputs one after the other, in a process of their own that may die or hang without ending the campaign."""

from __future__ import annotations

import faulthandler
import logging
import multiprocessing
import resource
import shutil
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any, Protocol

from harness.errors import HarnessError

LIMIT_S = 20.0
"""Seconds after which an input counts as one that never ends."""
MEMORY_BYTES = 6 << 30
"""Address space of the process beyond what it has at its start: what is over is a finding of its own."""
MOST_SAID = 2000
"""Characters of one line of a message."""
GOOD = ("read", "refused", "found", "harmless")
"""What is seen of inputs that are no findings; the last two are of damage: noticed, or of nothing that is read."""


class Kind(Protocol):
    """A kind of input."""

    name: str

    def prepare(self, folder: Path) -> Any:
        """Return what inputs are made from, built once."""

    def attempt(self, originals: Any, random: Random, folder: Path) -> str | None:
        """Make an input below a folder that is empty, have the harness read it, and return what is seen of it.

        That is one of `GOOD`, None for "read". Errors of the harness are good answers; anything else that is raised is
        a finding.
        """


@dataclass(frozen=True, slots=True)
class Finding:
    """An input that went wrong: the kind, its number and seed, which repeat it, and what was seen."""

    kind: str
    seed: int
    number: int
    seen: str

    def __str__(self) -> str:
        return f"{self.kind} --seed {self.seed} --first {self.number} --count 1: {self.seen}"


@dataclass(slots=True)
class Outcome:
    """What came of a kind: inputs of which each of `GOOD` was seen, and findings."""

    read: int = 0
    refused: int = 0
    found: int = 0
    harmless: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def tried(self) -> int:
        """Number of inputs."""
        return self.read + self.refused + self.found + self.harmless + len(self.findings)


def run(
    kind: Kind,
    *,
    count: int,
    seed: int = 0,
    first: int = 0,
    seconds: float = float("inf"),
    keep: Path | None = None,
    limit_s: float = LIMIT_S,
    note: Callable[[int, str], None] = lambda number, seen: None,
) -> Outcome:
    """Try inputs `first` to `first + count` of a kind, for some seconds at most; inputs of findings go to `keep`.

    `note` is told the number of each input and what was seen: one of `GOOD`, or what is wrong.
    """
    outcome = Outcome()
    ends_s = time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="campaign-") as scratch:
        place = Path(scratch)
        originals = kind.prepare(place)
        following = first
        while following < first + count and time.monotonic() < ends_s:
            left = range(following, first + count)
            for number, seen in _child(kind, originals, seed, left, place, ends_s, limit_s):
                following = number + 1
                note(number, seen)
                if seen in GOOD:
                    setattr(outcome, seen, getattr(outcome, seen) + 1)
                    continue
                outcome.findings.append(Finding(kind.name, seed, number, seen))
                if keep is not None:
                    shutil.copytree(place / "input", keep / f"{kind.name}-{seed}-{number}", dirs_exist_ok=True)
    return outcome


def _child(
    kind: Kind, originals: Any, seed: int, numbers: range, place: Path, ends_s: float, limit_s: float
) -> Iterator[tuple[int, str]]:
    """Yield number and outcome of inputs as a process tries them; the last where it died, hung or the time is over."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_try, args=(kind, originals, seed, numbers, place / "input", theirs), daemon=True)
    process.start()
    theirs.close()
    awaited = numbers.start
    try:
        while time.monotonic() < ends_s and awaited < numbers.stop:
            if not ours.poll(limit_s):
                yield awaited, f"takes more than {limit_s:g} s"
                return
            try:
                awaited, seen = ours.recv()
            except EOFError:
                process.join()
                yield awaited, f"ended its process, exit code {process.exitcode}"
                return
            yield awaited, seen
            if seen not in GOOD:
                return  # what it leaves behind is looked at, and the next process begins afresh
            awaited += 1
    finally:
        process.kill()
        process.join()
        ours.close()


def _try(kind: Kind, originals: Any, seed: int, numbers: range, folder: Path, answers: Connection) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + MEMORY_BYTES, hard))
    faulthandler.disable()  # a process that dies is a finding, and says so itself
    warnings.simplefilter("ignore")  # of libraries, about every other damaged file
    logging.disable()
    for number in numbers:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        seen = _seen(lambda number=number: kind.attempt(originals, Random(f"{seed} {number}"), folder))  # type: ignore[misc]
        with suppress(BrokenPipeError):
            answers.send((number, seen))
        if seen not in GOOD:
            return


def _seen(attempt: Callable[[], str | None]) -> str:
    try:
        return attempt() or "read"
    except HarnessError as error:
        return _unfit(str(error)) or "refused"
    except BaseException:
        return traceback.format_exc(limit=-3)


def _unfit(message: str) -> str:
    """Return what is wrong with an error message, "" for nothing."""
    longest = max(message.splitlines(), key=len, default="")
    if message.strip() and len(longest) <= MOST_SAID:
        return ""
    return f"a line of its message has {len(longest)} characters: {longest[:200]!r}"


def _address_space() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
