from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from harness.datasets.fetching.locks import held, partial_name


@pytest.fixture(params=[0o002, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_a_lock_holds_and_has_the_access_of_the_umask(tmp_path: Path, umask: int) -> None:
    path = tmp_path / "a.lock"
    with held(path), pytest.raises(Timeout), FileLock(path, timeout=0, mode=0o666 & ~umask):
        pass
    with held(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


def test_partial_names_are_hidden_and_differ(tmp_path: Path) -> None:
    first, second = partial_name(tmp_path / "a.h5"), partial_name(tmp_path / "a.h5")
    assert first != second
    assert first.parent == tmp_path
    assert first.name.startswith(".a.h5.")
