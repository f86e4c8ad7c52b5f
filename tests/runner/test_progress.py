from __future__ import annotations

import io

from harness.runner.progress import BarProgress, PlainProgress, SilentProgress, default_progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_plain_lines_tell_the_time_left() -> None:
    stream = io.StringIO()
    times = iter([0.0, 10.0, 20.0])
    progress = PlainProgress(stream, clock=lambda: next(times))
    progress.start(2)
    progress.finished("one")
    progress.log("note")
    progress.finished("two")
    progress.close()
    assert stream.getvalue() == "[1/2, 10 s left] one\nnote\n[2/2] two\n"


def test_display_suits_the_stream() -> None:
    assert isinstance(default_progress(io.StringIO()), PlainProgress)
    assert isinstance(default_progress(Terminal()), BarProgress)


def test_bar_shows_cells_and_brackets_as_they_are() -> None:
    stream = Terminal()
    progress = BarProgress(stream)
    progress.start(1)
    progress.log("a [bold]line[/bold]")
    progress.finished("cell [1]")
    progress.close()
    assert "a [bold]line[/bold]" in stream.getvalue()
    assert "cell [1]" in stream.getvalue()
    assert "1/1" in stream.getvalue()


def test_silence() -> None:
    progress = SilentProgress()
    progress.start(1)
    progress.finished("x")
    progress.log("x")
    progress.close()
