"""The contract of a stage, checked when its class is registered: every mistake of a class at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, get_args

from packaging.requirements import InvalidRequirement, Requirement

from harness.errors import nearest
from harness.model import UsesTruth
from harness.parameters import RESERVED, Parameter
from harness.stages.contract import Stage
from harness.stages.slots import SLOTS, TRUTH

_NAME = re.compile(r"[a-z0-9][a-z0-9._+-]*", re.IGNORECASE)
_CLOSE = 0.85
"""How alike two names are of which one is taken for a misspelt form of the other."""


def mistakes(stage: type[Stage]) -> tuple[str, ...]:
    """Return what is wrong with the declaration of a stage, one clause per mistake; nothing if it can be used."""
    return (*_literals(stage), *_slots(stage), *_truth(stage), *_methods(stage), *_unknown(stage))


def _literals(stage: type[Stage]) -> Iterator[str]:
    for name in ("id", "title"):
        if not hasattr(stage, name):
            yield f"no {name}; accepted: {name} = a text"
    for name, (accepts, accepted) in _ACCEPTED.items():
        value = getattr(stage, name, None)
        if hasattr(stage, name) and not accepts(value):
            yield f"{name} is {value!r}; accepted: {accepted}"
    for line in stage.needs_versions if _is_texts(stage.needs_versions) else ():
        try:
            Requirement(line)
        except InvalidRequirement:
            yield f"needs_versions names {line!r}; accepted: a requirement as pip reads it"
    for parameter in stage.parameters if isinstance(stage.parameters, tuple) else ():
        if getattr(parameter, "name", "") in RESERVED:
            yield f"a parameter is called '{parameter.name}', which in a suite is no parameter; accepted: another name"


def _slots(stage: type[Stage]) -> Iterator[str]:
    for kind in ("inputs", "outputs"):
        value = getattr(stage, kind)
        if not _is_texts(value) or not value or len(set(value)) < len(value):
            yield f'{kind} is {value!r}; accepted: a tuple of different slots, e.g. ("{_EXAMPLES[kind]}",)'
            continue
        for slot in value:
            is_misspelt = slot not in SLOTS and get_close_matches(slot, SLOTS, 1, _CLOSE)
            if is_misspelt or (kind == "outputs" and slot not in SLOTS):
                yield f"{kind} names '{slot}'{nearest(slot, SLOTS)}"


def _truth(stage: type[Stage]) -> Iterator[str]:
    if _is_texts(stage.inputs) and TRUTH in stage.inputs and not stage.uses_truth:
        yield 'inputs name the truth; accepted: with uses_truth = "control" or "prompts"'


def _methods(stage: type[Stage]) -> Iterator[str]:
    for name in sorted(stage.__abstractmethods__):
        yield f"no {name}; accepted: def {name}(self, inputs, context)"
    for name in ("run", "fit", "load", "map_truth", "grid_after", "reads", "makes", "trains", "truth_use"):
        if not callable(getattr(stage, name)):
            yield f"{name} is {getattr(stage, name)!r}; accepted: a method"


def _unknown(stage: type[Stage]) -> Iterator[str]:
    """Yield attributes that neither the contract nor an annotation knows, and methods that look misspelt."""
    known = sorted({*(name for name in vars(Stage) if not name.startswith("_")), *Stage.__annotations__})
    own: dict[str, Any] = {}
    annotated: set[str] = set()
    for base in stage.__mro__:
        if issubclass(base, Stage) and base is not Stage:
            own.update(vars(base))
            annotated.update(vars(base).get("__annotations__", ()))
    for name, value in own.items():
        if name.startswith("_") or name in known or name in annotated or name != name.lower():
            continue
        is_method = callable(value) or hasattr(value, "__get__")
        if not is_method or get_close_matches(name, known, 1, _CLOSE):
            kind = "method" if is_method else "attribute"
            yield f"unknown {kind} '{name}'{nearest(name, known)}"


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_texts(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(item, str) for item in value)


def _one_of(*accepted: Any) -> tuple[Callable[[Any], bool], str]:
    names = ", ".join(repr(item) for item in accepted)
    return lambda value: isinstance(value, tuple) and bool(value) and set(value) <= set(accepted), f"some of ({names})"


_EXAMPLES = {"inputs": "image", "outputs": "labels"}
_TEXTS = (_is_texts, "a tuple of texts")
_ACCEPTED: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "id": (lambda value: _is_text(value) and bool(_NAME.fullmatch(value)), "a text of letters, digits and - . _ +"),
    "title": (lambda value: _is_text(value) and bool(value.strip()), "a text"),
    "version": (lambda value: isinstance(value, int) and not isinstance(value, bool) and value > 0, "1, 2, …"),
    "parameters": (
        lambda value: isinstance(value, tuple) and all(isinstance(item, Parameter) for item in value),
        "a tuple of Parameter",
    ),
    "needs": _TEXTS,
    "needs_versions": _TEXTS,
    "extra": (_is_text, "a text"),
    "dimensions": _one_of(2, 3),
    "devices": _one_of("cpu", "cuda"),
    "licence": (_is_text, "a text"),
    "citation": (_is_text, "a text"),
    "uses_truth": (lambda value: value in get_args(UsesTruth), '"", "control" or "prompts"'),
    "keeps_labels": (lambda value: isinstance(value, bool), "True or False"),
    "cacheable": (lambda value: isinstance(value, bool), "True or False"),
}
