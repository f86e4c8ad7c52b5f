"""How a run shows its progress, always on stderr: a bar with the time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from typing import Any, Protocol, TextIO

from harness.clock import spoken
from harness.escaping import one_line, visible
from harness.streams import mention


class Progress(Protocol):
    """What a run reports."""

    def start(self, total: int) -> None:
        """Begin: so many cells are to be computed."""

    def finished(self, line: str, left_s: float | None) -> None:
        """One more cell has ended; the others will take about so many seconds (None: nothing tells)."""

    def log(self, line: str) -> None:
        """Something a reader should see."""

    def close(self) -> None:
        """The run is over."""


class SilentProgress:
    """Shows nothing."""

    def start(self, total: int) -> None:
        """Show nothing."""

    def finished(self, line: str, left_s: float | None) -> None:
        """Show nothing."""

    def log(self, line: str) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Show nothing."""


class PlainProgress:
    """One line a cell, with the time left."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._total = 0
        self._done = 0

    def start(self, total: int) -> None:
        """Begin to count."""
        self._total = total

    def finished(self, line: str, left_s: float | None) -> None:
        """Write the line of a cell."""
        self._done += 1
        left = f", {_left(left_s)}" if left_s is not None and self._done < self._total else ""
        self.log(f"[{self._done}/{self._total}{left}] {line}")

    def log(self, line: str) -> None:
        """Write a line."""
        mention(self._stream, f"{visible(line)}\n")

    def close(self) -> None:
        """Nothing is left open."""


class BarProgress:
    """A bar of rich with the cells, the time passed and the time left; failures and log lines scroll above it."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        columns: tuple[Any, ...] = (
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}", markup=False),
            TextColumn("{task.description}", markup=False),
        )
        self._bar = Bar(*columns, console=Console(file=stream), transient=False)
        self._task = self._bar.add_task("", total=0, left="")

    def start(self, total: int) -> None:
        """Show the bar."""
        if total:
            self._bar.update(self._task, total=total)
            self._bar.start()

    def finished(self, line: str, left_s: float | None) -> None:
        """Move the bar on, and show the time left and the cell beside it."""
        left = "" if left_s is None else _left(left_s)
        self._bar.update(self._task, advance=1, left=left, description=one_line(line))

    def log(self, line: str) -> None:
        """Write a line above the bar."""
        self._bar.console.print(visible(line), markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bar.stop()


def _left(seconds: float) -> str:
    return f"{spoken(seconds)} left"


def default_progress(stream: TextIO | None = None) -> Progress:
    """Return the progress display that suits a stream (stderr if none is given)."""
    chosen = stream if stream is not None else sys.stderr
    return BarProgress(chosen) if chosen.isatty() else PlainProgress(chosen)
