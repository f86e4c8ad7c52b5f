"""The contract of a metric, checked when it is registered: every mistake of an object at once."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args

from harness.errors import nearest
from harness.escaping import one_line
from harness.metrics.cases import CASES, case_pair
from harness.metrics.metric import Direction, Evidence, Metric, NanRule, Sparse

_NAME = re.compile(r"[a-z0-9][a-z0-9._+-]*", re.IGNORECASE)
_FOUR_DECIMALS = 5e-5
"""How nearly an edge case must have the value that a metric states for it."""


def mistakes(metric: Metric) -> tuple[str, ...]:
    """Return what is wrong with the declaration of a metric, one clause per mistake; nothing if it can be used."""
    return (*_literals(metric), *_words(metric), *_functions(metric), *_edge_cases(metric))


def disproved(metric: Metric) -> tuple[str, ...]:
    """Return one clause for each edge case of a metric without mistakes that has not the value which it states."""
    return tuple(clause for case, stated in metric.edge_cases if (clause := _measured(metric, case, stated)))


def _literals(metric: Metric) -> Iterator[str]:
    for name, (accepts, accepted) in _ACCEPTED.items():
        value = getattr(metric, name)
        if not accepts(value):
            yield f"{name} is {value!r}; accepted: {accepted}"


def _words(metric: Metric) -> Iterator[str]:
    for name, kind in _WORDS.items():
        value = getattr(metric, name)
        if value not in get_args(kind):
            yield f"{name} is {value!r}{nearest(str(value), get_args(kind))}"


def _functions(metric: Metric) -> Iterator[str]:
    for name in ("function", "counts", "value"):
        value = getattr(metric, name)
        if value is not None and not callable(value):
            yield f"{name} is {value!r}; accepted: a function"


def _edge_cases(metric: Metric) -> Iterator[str]:
    cases = metric.edge_cases
    if not isinstance(cases, tuple) or not all(isinstance(case, tuple) and len(case) == 2 for case in cases):
        yield f"edge_cases is {cases!r}; accepted: a tuple of (name of a toy pair, value)"
        return
    for case, value in cases:
        if case not in CASES:
            yield f"edge_cases name {case!r}{nearest(str(case), CASES)}"
        elif not _is_number(value):
            yield f"edge case '{case}' is {value!r}; accepted: a number"


def _measured(metric: Metric, case: str, stated: float) -> str:
    """Return how the metric of a toy pair differs from what is stated, "" if it does not."""
    try:
        found = metric.of(case_pair(case))
    except Exception as error:  # the function of a user may fail in any way; it is said, not hidden
        return f"edge case '{case}' fails: {one_line(f'{type(error).__name__}: {error}')}"
    is_equal = math.isclose(found, stated, rel_tol=0.0, abs_tol=_FOUR_DECIMALS)
    if is_equal or (math.isnan(found) and math.isnan(stated)):
        return ""
    return f"edge case '{case}' is {found:.6g}; stated: {stated:.6g}"


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_range(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(map(_is_number, value)) and value[0] < value[1]


def _is_point(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and _is_text(value[0]) and _is_number(value[1])


_WORDS = {"direction": Direction, "needs": Evidence, "sparse": Sparse, "nan_rule": NanRule}
_TEXT = (_is_text, "a text")
_ACCEPTED: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "id": (lambda value: _is_text(value) and bool(_NAME.fullmatch(value)), "a text of letters, digits and - . _ +"),
    "title": _TEXT,
    "definition": _TEXT,
    "source": _TEXT,
    "unit": (_is_text, '"fraction", "bit", "count" or another text'),
    "range": (_is_range, "(least, greatest) value"),
    "at": (lambda value: value is None or _is_point(value), "None, or (series, threshold)"),
}
