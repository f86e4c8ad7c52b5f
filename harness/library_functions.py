"""Functions of libraries and of this package as they are now: foreign code may replace one for the whole process."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping
from operator import itemgetter
from types import ModuleType

WATCHED = (
    "builtins",
    "math",
    "os",
    "random",
    "numpy",
    "numpy.linalg",
    "numpy.random",
    "scipy.ndimage",
    "harness.scoring",
)
"""Modules whose functions nobody may replace; so those of metrics, of other stages and of the worker."""
_WATCHED_PACKAGES = ("harness.metrics", "harness.stages", "harness.worker")


class LibraryFunctions:
    """What the modules that are loaded now hold that can be called. What comes new to a module harms nobody."""

    def __init__(self) -> None:
        if "numpy" in sys.modules:
            importlib.import_module("numpy.random")  # NumPy itself loads it at its first use
        modules = dict(_watched_modules())
        self._functions = {name: _functions(module) for name, module in modules.items()}
        self._modules = itemgetter(*modules)
        self._before = self._modules(sys.modules)
        self._lookups = [
            (vars(modules[name]), itemgetter(*functions), itemgetter(*functions)(functions))
            for name, functions in self._functions.items()
            if functions
        ]

    def replaced(self) -> Iterator[str]:
        """Yield the dotted name of each function that is not what it was, or gone."""
        if self._are_untouched():
            return
        for name, before in self._functions.items():
            namespace = vars(sys.modules[name])
            for attribute, function in before.items():
                if namespace.get(attribute) is not function:
                    yield f"{name}.{attribute}"

    def _are_untouched(self) -> bool:
        """Compare the functions of each module all at once: there are thousands, and every cell asks."""
        try:
            if self._modules(sys.modules) != self._before:
                return False
            for namespace, look_up, functions in self._lookups:
                if look_up(namespace) != functions:
                    return False
        except KeyError:
            return False
        return True

    def set_back(self) -> list[str]:
        """Put every function back in its place, and return the names of those that were replaced."""
        found = list(self.replaced())
        for dotted in found:
            name, _, attribute = dotted.rpartition(".")
            setattr(sys.modules[name], attribute, self._functions[name][attribute])
        return found


def _watched_modules() -> Iterator[tuple[str, ModuleType]]:
    for name, module in list(sys.modules.items()):
        if name in WATCHED or name.startswith(_WATCHED_PACKAGES):
            yield name, module


def _functions(module: ModuleType) -> Mapping[str, object]:
    return {name: value for name, value in vars(module).items() if callable(value)}
