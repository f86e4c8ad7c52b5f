"""Settings of a whole process that foreign code may change: read before it runs, set back after it."""

from __future__ import annotations

import gc
import locale
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

SIGNAL_HANDLERS = "signal handlers"
"""Only the main thread may set them."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Something of the process that code can change for whatever runs after it, and how it is read and set."""

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], object]


class ProcessSettings:
    """The settings of this process and of the libraries that it has loaded.

    Environment, working folder, umask, locale, signal handlers and mask, timers, limits, cores, priority, recursion
    limit, standard streams, garbage collection, temporary folder, start method of multiprocessing, warnings filters;
    error handling and printing of NumPy; default type and device, threads, gradients and determinism of torch; types of
    Keras; eager functions of TensorFlow.

    What is set back to are the values from before the first code that was watched: reading them takes as long as that
    of many a stage, and nothing else in this process is to change them.

    lasting  names of changed settings that the system did not allow to be set back, with its reason
    """

    def __init__(self) -> None:
        self.lasting: list[str] = []
        self._first: dict[str, Any] = {}
        self._depth = 0
        self._fresh: dict[str, Any] = {}
        self._known: dict[tuple[str, ...], tuple[Setting, ...]] = {}

    def watch_imports(self, imported: Callable[[str], None]) -> None:
        """Read the settings of libraries that are loaded later at the end of their import, then call `imported`.

        Without it, what the code that first imports torch, Keras or TensorFlow changes there is not set back.
        """
        from wrapt import register_post_import_hook

        def note(module: str) -> None:
            self._fresh.update((one.name, one.read()) for one in _LATE[module]())
            imported(module)

        for module in _LATE:
            register_post_import_hook(lambda library: note(library.__name__), module)

    @contextmanager
    def kept(self) -> Iterator[list[str]]:
        """Set back what the code inside changes; yield what becomes the list of its names."""
        changed: list[str] = []
        before = self._before()
        self._depth += 1
        with warnings.catch_warnings():
            try:
                yield changed
            finally:
                self._depth -= 1
                changed += self._set_back({**self._fresh, **before})

    def _before(self) -> Mapping[str, Any]:
        """Return the values to set back to; inside other watched code that is what this one has changed so far."""
        if self._depth:
            return {one.name: one.read() for one in self._settings()}
        unread = (one for one in self._settings() if one.name not in self._first)
        self._first.update(
            (one.name, self._fresh[one.name] if one.name in self._fresh else one.read()) for one in unread
        )
        return self._first

    def _set_back(self, before: Mapping[str, Any]) -> Iterator[str]:
        for one in self._settings():
            if one.name not in before or one.read() == before[one.name]:
                continue
            try:
                one.write(before[one.name])
            except (OSError, ValueError, RuntimeError, locale.Error) as error:
                self.lasting.append(f"{one.name} ({error})")
            yield one.name

    def _settings(self) -> tuple[Setting, ...]:
        """Return what can be read and set now: listed once, for it is gone through twice at each call of a stage."""
        loaded = tuple(module for module in _LATE if _is_loaded(module))
        if threading.current_thread() is not threading.main_thread():
            return tuple(one for one in _settings(loaded) if one.name != SIGNAL_HANDLERS)
        if loaded not in self._known:
            self._known[loaded] = tuple(_settings(loaded))
        return self._known[loaded]


def _settings(loaded: Iterable[str]) -> Iterator[Setting]:
    """Yield Python's own settings, and those of NumPy and of loaded libraries."""
    yield from _OWN
    if hasattr(os, "sched_setaffinity"):
        yield Setting("cores", lambda: os.sched_getaffinity(0), lambda cores: os.sched_setaffinity(0, cores))
    if sys.platform != "win32":
        yield from _posix_settings()
    yield Setting(SIGNAL_HANDLERS, _signal_handlers, _set_signal_handlers)
    yield from _numpy_settings()
    for module in loaded:
        yield from _LATE[module]()


def _posix_settings() -> Iterator[Setting]:
    import resource

    limits = sorted({getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")})

    def read() -> dict[int, tuple[int, int]]:
        return {number: resource.getrlimit(number) for number in limits}

    def write(before: dict[int, tuple[int, int]]) -> None:
        for number, limit in read().items():
            if limit != before[number]:
                resource.setrlimit(number, before[number])

    yield Setting("resource limits", read, write)
    yield Setting(
        "priority", lambda: os.getpriority(os.PRIO_PROCESS, 0), lambda nice: os.setpriority(os.PRIO_PROCESS, 0, nice)
    )
    yield Setting(
        "signal mask",
        lambda: signal.pthread_sigmask(signal.SIG_BLOCK, []),
        lambda mask: signal.pthread_sigmask(signal.SIG_SETMASK, mask),
    )
    for name in ("ITIMER_REAL", "ITIMER_VIRTUAL", "ITIMER_PROF"):
        timer = getattr(signal, name)
        yield Setting(name, partial(signal.getitimer, timer), partial(_set_timer, timer))


def _numpy_settings() -> Iterator[Setting]:
    import numpy as np

    yield Setting("numpy.seterr", np.geterr, lambda before: np.seterr(**before))
    yield Setting("numpy.seterrcall", np.geterrcall, np.seterrcall)
    yield Setting("numpy.setbufsize", np.getbufsize, np.setbufsize)
    yield Setting("numpy.set_printoptions", np.get_printoptions, lambda before: np.set_printoptions(**before))


def _is_loaded(module: str) -> bool:
    """Whether a library is loaded wholly: one that is being imported has no settings yet."""
    spec = getattr(sys.modules.get(module), "__spec__", None)
    return spec is not None and not getattr(spec, "_initializing", False)


def _torch_settings() -> Iterator[Setting]:
    torch = sys.modules["torch"]
    for name in ("dtype", "device"):
        yield Setting(
            f"torch.set_default_{name}", getattr(torch, f"get_default_{name}"), getattr(torch, f"set_default_{name}")
        )
    for name in ("num_threads", "float32_matmul_precision"):
        yield Setting(f"torch.set_{name}", getattr(torch, f"get_{name}"), getattr(torch, f"set_{name}"))
    yield Setting("torch.set_grad_enabled", torch.is_grad_enabled, torch.set_grad_enabled)
    yield Setting(
        "torch.use_deterministic_algorithms",
        lambda: (torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()),
        lambda before: torch.use_deterministic_algorithms(before[0], warn_only=before[1]),
    )
    cudnn = torch.backends.cudnn
    for name in ("benchmark", "deterministic", "enabled"):
        yield Setting(
            f"torch.backends.cudnn.{name}",
            partial(getattr, cudnn, name),
            partial(setattr, cudnn, name),
        )


def _keras_settings() -> Iterator[Setting]:
    config = getattr(sys.modules["keras"], "config", None)
    if config is None:  # Keras 2, whose settings are those of TensorFlow's backend
        return
    for name in ("floatx", "epsilon", "image_data_format"):
        yield Setting(f"keras.config.set_{name}", getattr(config, name), getattr(config, f"set_{name}"))
    yield Setting("keras.config.set_dtype_policy", lambda: config.dtype_policy().name, config.set_dtype_policy)


def _tensorflow_settings() -> Iterator[Setting]:
    config = sys.modules["tensorflow"].config
    yield Setting("tf.config.run_functions_eagerly", config.functions_run_eagerly, config.run_functions_eagerly)


def working_folder() -> str:
    """Return the working folder, "" if it was removed."""
    try:
        return os.getcwd()  # noqa: PTH109 - a text, as the other settings are
    except FileNotFoundError:
        return ""


def _set_environment(before: Mapping[Any, Any]) -> None:
    variables = {os.fsdecode(name): os.fsdecode(value) for name, value in before.items()}
    for name in set(os.environ) - set(variables):
        del os.environ[name]
    os.environ.update(variables)
    if hasattr(time, "tzset"):
        time.tzset()


def _umask() -> int:
    """Return the umask, which can be read by setting it alone."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _signal_handlers() -> dict[int, Any]:
    """Return the handlers of signals, but for those that were not set from Python and cannot be set again."""
    return {number: handler for number in _SIGNALS if (handler := _get_signal(number)) is not None}


def _set_signal_handlers(before: dict[int, Any]) -> None:
    now = _signal_handlers()
    for number, handler in before.items():
        if now.get(number) is not handler:
            signal.signal(number, handler)


def _set_timer(timer: int, at: tuple[float, float]) -> None:
    signal.setitimer(timer, *at)


def _streams() -> tuple[Any, ...]:
    return sys.stdin, sys.stdout, sys.stderr


def _set_streams(before: tuple[Any, ...]) -> None:
    sys.stdin, sys.stdout, sys.stderr = before


def _collection() -> tuple[bool, tuple[int, int, int]]:
    return gc.isenabled(), gc.get_threshold()


def _set_collection(before: tuple[bool, tuple[int, int, int]]) -> None:
    is_enabled, thresholds = before
    gc.set_threshold(*thresholds)
    (gc.enable if is_enabled else gc.disable)()


_VARIABLES: Mapping[Any, Any] = getattr(os.environ, "_data", os.environ)
"""What lies below `os.environ`, where that is to be had: it is copied without each entry being decoded."""
_SIGNALS = tuple(int(number) for number in signal.valid_signals())
_get_signal: Callable[[int], Any] = getattr(sys.modules.get("_signal"), "getsignal", signal.getsignal)
"""Below the enumerations into which the module turns signals and handlers, where that is to be had: 60 are read."""
_OWN = (
    Setting("working folder", working_folder, os.chdir),
    Setting("os.environ", lambda: dict(_VARIABLES), _set_environment),
    Setting("umask", _umask, os.umask),
    Setting("locale", lambda: locale.setlocale(locale.LC_ALL), lambda one: locale.setlocale(locale.LC_ALL, one)),
    Setting("recursion limit", sys.getrecursionlimit, sys.setrecursionlimit),
    Setting("standard streams", _streams, _set_streams),
    Setting("garbage collection", _collection, _set_collection),
    Setting("temporary folder", lambda: tempfile.tempdir, lambda folder: setattr(tempfile, "tempdir", folder)),
    Setting(
        "start method of multiprocessing",
        lambda: multiprocessing.get_start_method(allow_none=True),
        lambda before: multiprocessing.set_start_method(before, force=True),
    ),
)
_LATE: Mapping[str, Callable[[], Iterator[Setting]]] = {
    "torch": _torch_settings,
    "keras": _keras_settings,
    "tensorflow": _tensorflow_settings,
}
"""Libraries with settings of their own that are loaded when a stage first needs them."""
