from __future__ import annotations

import io

from harness.runner.progress import BarProgress, PlainProgress, SilentProgress, default_progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_plain_lines_tell_the_time_left() -> None:
    stream = io.StringIO()
    progress = PlainProgress(stream)
    progress.start(3)
    progress.finished("one", None)
    progress.log("note")
    progress.finished("two", 600.0)
    progress.finished("three", 0.0)
    progress.close()
    assert stream.getvalue() == "[1/3] one\nnote\n[2/3, 10 min left] two\n[3/3] three\n"


def test_display_suits_the_stream() -> None:
    assert isinstance(default_progress(io.StringIO()), PlainProgress)
    assert isinstance(default_progress(Terminal()), BarProgress)


def test_bar_shows_cells_and_brackets_as_they_are() -> None:
    stream = Terminal()
    progress = BarProgress(stream)
    progress.start(1)
    progress.log("a [bold]line[/bold]")
    progress.finished("cell [1]", 45.0)
    progress.close()
    assert "a [bold]line[/bold]" in stream.getvalue()
    assert "cell [1]" in stream.getvalue()
    assert "1/1" in stream.getvalue()
    assert "45 s left" in stream.getvalue()


def test_silence() -> None:
    progress = SilentProgress()
    progress.start(1)
    progress.finished("x", None)
    progress.log("x")
    progress.close()
