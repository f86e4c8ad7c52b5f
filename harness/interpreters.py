"""Other interpreters: what they import, and how they end."""

from __future__ import annotations

import os
import signal
import sysconfig
from pathlib import Path

_PACKAGE_PARENT = Path(__file__).resolve().parents[1]


def import_variables() -> dict[str, str]:
    """Return the environment variable by which another interpreter imports the same code, if this is a checkout.

    An installed package is found without, and must not drag its neighbours along.
    """
    if Path(sysconfig.get_paths()["purelib"]).resolve() == _PACKAGE_PARENT:
        return {}
    paths = (str(_PACKAGE_PARENT), os.environ.get("PYTHONPATH", ""))
    return {"PYTHONPATH": os.pathsep.join(path for path in paths if path)}


def signal_name(number: int) -> str:
    """Return what a signal is called, as SIGKILL; most real-time signals have no name, as signal 40."""
    return {int(one): one.name for one in signal.Signals}.get(number, f"signal {number}")
