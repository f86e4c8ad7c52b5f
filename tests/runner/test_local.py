from __future__ import annotations

import signal

from harness.jobs.channel import PIPE_LOST
from harness.runner.local import _cause


def test_causes_of_death_have_names() -> None:
    assert _cause(-signal.SIGSEGV) == ("SIGSEGV", "the worker was ended by SIGSEGV")
    assert _cause(-40) == ("signal 40", "the worker was ended by signal 40")
    assert "memory ran out" in _cause(-signal.SIGKILL)[1]
    assert _cause(None) == _cause(PIPE_LOST) != _cause(3)
    assert _cause(3) == ("Exit", "the worker left with exit code 3")
