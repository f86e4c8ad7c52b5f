from __future__ import annotations

import os
import sysconfig
from pathlib import Path

import pytest

from harness import interpreters
from harness.interpreters import import_variables, signal_name

PARENT = str(Path(interpreters.__file__).parents[1])


@pytest.mark.parametrize(("given", "expected"), [("", PARENT), ("/other", f"{PARENT}{os.pathsep}/other")])
def test_a_checkout_is_imported_before_what_else_is_named(
    monkeypatch: pytest.MonkeyPatch, given: str, expected: str
) -> None:
    monkeypatch.setenv("PYTHONPATH", given)
    assert import_variables() == {"PYTHONPATH": expected}


def test_an_installed_package_does_not_drag_its_neighbours_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreters, "_PACKAGE_PARENT", Path(sysconfig.get_paths()["purelib"]).resolve())
    assert import_variables() == {}


def test_signals_have_names() -> None:
    assert [signal_name(number) for number in (9, 11, 40)] == ["SIGKILL", "SIGSEGV", "signal 40"]
