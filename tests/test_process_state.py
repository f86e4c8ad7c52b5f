"""Whatever code changes of its process is set back, or said to last."""

from __future__ import annotations

import contextlib
import gc
import locale
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.process_state import ProcessSettings


def lower_soft_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (1 if resource.getrlimit(resource.RLIMIT_CORE)[0] == 0 else 0, hard))


def other_locale() -> None:
    now = locale.setlocale(locale.LC_CTYPE)
    locale.setlocale(locale.LC_CTYPE, "C" if now != "C" else "C.UTF-8")


CHANGES: dict[str, Callable[[], object]] = {
    "working folder": lambda: os.chdir("/"),
    "os.environ": lambda: os.environ.update(A_NEW_VARIABLE="1", PATH="/nowhere"),
    "umask": lambda: os.umask(0o777),
    "locale": other_locale,
    "recursion limit": lambda: sys.setrecursionlimit(sys.getrecursionlimit() + 100),
    "standard streams": lambda: setattr(sys, "stdout", None),
    "garbage collection": gc.disable,
    "temporary folder": lambda: setattr(tempfile, "tempdir", "/nowhere"),
    "start method of multiprocessing": lambda: multiprocessing.set_start_method("spawn", force=True),
    "cores": lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}),
    "resource limits": lower_soft_limit,
    "signal mask": lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2]),
    "signal handlers": lambda: signal.signal(signal.SIGUSR1, signal.SIG_IGN),
    "ITIMER_VIRTUAL": lambda: signal.setitimer(signal.ITIMER_VIRTUAL, 1000.0),
    "numpy.seterr": lambda: np.seterr(all="raise"),
    "numpy.seterrcall": lambda: np.seterrcall(print),
    "numpy.setbufsize": lambda: np.setbufsize(16 * np.getbufsize()),
    "numpy.set_printoptions": lambda: np.set_printoptions(precision=2, threshold=3),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_named_and_set_back(name: str) -> None:
    if name == "cores" and len(os.sched_getaffinity(0)) < 2:
        pytest.skip("this process may use one core alone")
    settings = ProcessSettings()
    with settings.kept() as changed:
        CHANGES[name]()
        assert changed == []
    assert changed == [name]
    with settings.kept() as changed:
        pass
    assert (changed, settings.lasting) == ([], [])


def test_variables_that_were_removed_or_changed_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_VARIABLE", "before")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    before = dict(os.environ)
    with ProcessSettings().kept():
        del os.environ["A_VARIABLE"]
        os.environ["TZ"] = "Asia/Tokyo"
        time.tzset()
    assert dict(os.environ) == before
    assert time.localtime(0).tm_hour == 0


def test_warnings_filters_are_set_back() -> None:
    before = list(warnings.filters)
    with ProcessSettings().kept():
        warnings.simplefilter("error")
    assert list(warnings.filters) == before


def test_what_failed_code_changed_is_set_back_too() -> None:
    folder = Path.cwd()
    with contextlib.suppress(KeyError), ProcessSettings().kept() as changed:
        os.chdir("/")
        raise KeyError
    assert (Path.cwd(), changed) == (folder, ["working folder"])


def test_what_cannot_be_set_back_lasts_and_is_said() -> None:
    settings = ProcessSettings()
    folder = tempfile.mkdtemp()
    here = Path.cwd()
    os.chdir(folder)
    try:
        with settings.kept():
            os.chdir("/")
            Path(folder).rmdir()
    finally:
        os.chdir(here)
    assert len(settings.lasting) == 1
    assert settings.lasting[0].startswith("working folder ([Errno 2]")


def test_code_inside_other_code_leaves_what_that_has_changed() -> None:
    settings, precision = ProcessSettings(), np.get_printoptions()["precision"]
    with settings.kept() as outer:
        np.set_printoptions(precision=3)
        with settings.kept() as inner:
            np.set_printoptions(precision=4)
        assert np.get_printoptions()["precision"] == 3
    assert (inner, outer) == (["numpy.set_printoptions"], ["numpy.set_printoptions"])
    assert np.get_printoptions()["precision"] == precision


def test_every_use_sets_back_to_what_stood_before_the_first() -> None:
    settings = ProcessSettings()
    before = np.geterr()
    with settings.kept():
        pass
    np.seterr(all="raise")
    with settings.kept() as changed:
        pass
    assert (np.geterr(), changed) == (before, ["numpy.seterr"])


LATE = """
    import sys
    from harness.process_state import ProcessSettings
    settings, imported = ProcessSettings(), []
    settings.watch_imports(imported.append)
    assert not imported
    with settings.kept() as changed:
        import torch
        torch.set_default_dtype(torch.float64)
        torch.set_num_threads(torch.get_num_threads() + 1)
        torch.set_grad_enabled(False)
        torch.use_deterministic_algorithms(True)
        torch.set_float32_matmul_precision("medium")
        torch.backends.cudnn.benchmark = True
    assert imported == ["torch"], imported
    assert torch.get_default_dtype() is torch.float32
    assert torch.is_grad_enabled()
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.get_float32_matmul_precision() == "highest"
    assert not torch.backends.cudnn.benchmark
    assert len([name for name in changed if name.startswith("torch.")]) == 6, changed
    with settings.kept() as changed:
        torch.set_default_device("meta")
    assert changed == ["torch.set_default_device"]
    assert torch.ones(1).device.type == "cpu"
    assert settings.lasting == []
"""


@pytest.mark.slow
def test_a_library_that_is_loaded_inside_is_set_back_to_what_it_was_then() -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    subprocess.run([sys.executable, "-c", textwrap.dedent(LATE)], check=True, timeout=120)


KERAS = """
    from harness.process_state import ProcessSettings
    settings, imported = ProcessSettings(), []
    settings.watch_imports(imported.append)
    with settings.kept() as changed:
        import tensorflow as tf
        import keras
        keras.config.set_floatx("float64")
        keras.config.set_dtype_policy("mixed_bfloat16")
        tf.config.run_functions_eagerly(True)
    assert sorted(imported) == ["keras", "tensorflow"], imported
    assert keras.config.floatx() == "float32"
    assert keras.config.dtype_policy().name == "float32"
    assert not tf.config.functions_run_eagerly()
    assert settings.lasting == []
"""


@pytest.mark.slow
def test_types_of_keras_are_set_back() -> None:
    pytest.importorskip("keras", reason="Keras is not installed")
    subprocess.run([sys.executable, "-c", textwrap.dedent(KERAS)], check=True, timeout=300)
