"""Libraries that cannot lie beside the harness, asked in a Python of their own.

`HARNESS_PEER_<NAME>` names the interpreter, README of `tests/peers` says how to make it; without it the tests skip.
Scripts of this folder run there, so they import nothing of the harness: each reads the images of argv[1] (NPZ) and
prints JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

HERE = Path(__file__).parent


def ask(peer: str, folder: Path, images: Mapping[str, np.ndarray], *options: str) -> Any:
    """Return what the script of a peer says of named images; skips the test where there is no such peer.

    Raises `AssertionError` with the script's own words if it fails.
    """
    variable = f"HARNESS_PEER_{peer.upper()}"
    python = os.environ.get(variable)
    if not python:
        pytest.skip(f"{peer} cannot lie beside the harness; {variable} may name a Python that has it")
    path = folder / "images.npz"
    np.savez(path, **images)
    asked = subprocess.run(
        [python, "-P", str(HERE / f"{peer}.py"), str(path), *options], capture_output=True, text=True, check=False
    )
    assert asked.returncode == 0, asked.stderr[-3000:]
    return json.loads(asked.stdout)
