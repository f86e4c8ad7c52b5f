"""What is declared of a metric, as facts to print: one text for `harness show`, its JSON and the page of the report."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.metrics import Metric
from harness.metrics.metric import NAN_RULES
from harness.registry import Entry, MetricRegistry

EVIDENCE = {
    "overlap": "the overlap table alone",
    "ranked": "the overlap table and a confidence of every predicted object",
    "banded": "the overlap table outside a border band, which needs the size of a voxel",
    "surfaces": "surfaces of objects in micrometres, which need the size of a voxel",
    "centres": "centres of objects in micrometres, which need the size of a voxel",
    "neighbours": "the overlap table and the distance of each true object to the next one",
    "traces": "the truth as traced lines and the prediction along them, which need the size of a voxel",
    "images": "the masks themselves",
    "frames": "the overlap tables of all frames, the first axis being time",
    "maps": "maps of real numbers as they are, before any threshold",
}
"""What a metric reads of a pair, in words; another kind of evidence is called by its name."""
_DIRECTIONS = {"higher": "higher is better", "lower": "lower is better", "none": "neither is better"}
_SPARSE = {
    "sparse safe": "sparse safe: holds where only some objects are annotated",
    "dense only": "dense only: counts objects that nobody annotated as wrong",
}
_PREFERRED_EXAMPLES = ("1 split 60:40", "half missed, IoU exactly .5", "2 merged into 1", "identical")


def listed(registry: MetricRegistry) -> tuple[Entry[Metric], ...]:
    """Return every entry, then one for each family: its example under the name of the family."""
    families = []
    for family in registry.families:
        entry = registry.entry(family.example)
        assert entry.item is not None
        number, word = (name.removeprefix(family.stem) for name in (family.example, family.id))
        item = replace(entry.item, id=family.id, title=entry.item.title.replace(number, word))
        families.append(replace(entry, id=family.id, item=item))
    return (*registry, *families)


def declared(metric: Metric, origin: str) -> dict[str, Any]:
    """Return what is declared of a metric: name -> text, or numbers as JSON has them."""
    return {
        "metric": metric.id,
        "title": metric.title,
        "definition": metric.definition,
        "source": metric.source,
        "direction": _DIRECTIONS[metric.direction],
        "range": [json_number(bound) for bound in metric.range],
        "unit": metric.unit,
        "reads": EVIDENCE.get(metric.needs, metric.needs),
        "aggregation": _aggregation(metric),
        "undefined": NAN_RULES[metric.nan_rule],
        "sparse": _SPARSE[metric.sparse],
        "at": "" if metric.at is None else f"{metric.at[1]:g} of {metric.at[0]}",
        "origin": origin,
        "edge_cases": [[case, json_number(value)] for case, value in metric.edge_cases],
    }


def _aggregation(metric: Metric) -> str:
    means = "per image and per data set as a mean of images"
    if metric.is_addable:
        return f"{means}; pooled, from counts added over images"
    return f"{means}; not pooled, since it keeps no addable counts"


def json_number(value: float) -> float | str:
    """Return a number that JSON has; NaN and infinities as words."""
    return value if math.isfinite(value) else {math.inf: "inf", -math.inf: "-inf"}.get(value, "undefined")


def value_text(value: float | str) -> str:
    """Return a value of an edge case, to four decimals."""
    return value if isinstance(value, str) else f"{value:.4f}".rstrip("0").rstrip(".")


def worked_example(metric: Metric) -> tuple[str, float]:
    """Return the edge case that shows the most of a metric: one where it is defined and neither 0 nor 1 if there is."""
    values = dict(metric.edge_cases)
    defined = [case for case in (*_PREFERRED_EXAMPLES, *values) if case in values and not math.isnan(values[case])]
    telling = [case for case in defined if values[case] not in (0, 1)]
    case = next(iter((*telling, *defined, *values)))
    return case, values[case]


@dataclass(frozen=True, slots=True)
class Siblings:
    """Metrics whose ids differ in numbers only: ap50.elf, ap55.elf, …

    name    the id, with the numbers that differ in braces
    ids     in their order
    varying the text in braces, and what it stands for in the first id
    """

    name: str
    ids: tuple[str, ...]
    varying: tuple[tuple[str, str], ...] = ()

    def title(self, first: str) -> str:
        """Return the title of the first metric with the numbers that differ in braces."""
        for text, number in self.varying:
            first = text.join(re.split(rf"(?<!\d){number}(?!\d)", first, maxsplit=1))
        return first


def siblings(ids: Iterable[str]) -> tuple[Siblings, ...]:
    """Return ids with those that differ from them in numbers only, in the order of the first ones."""
    shapes: dict[tuple[str, ...], list[str]] = {}
    for name in ids:
        shapes.setdefault(tuple(re.split(r"\d+", name)), []).append(name)
    return tuple(_siblings(parts, members) for parts, members in shapes.items())


def _siblings(parts: tuple[str, ...], ids: Sequence[str]) -> Siblings:
    if len(ids) == 1:
        return Siblings(ids[0], tuple(ids))
    columns = list(zip(*(re.findall(r"\d+", name) for name in ids), strict=True))
    shown = [numbers[0] if len(set(numbers)) == 1 else _braces(numbers) for numbers in columns]
    name = "".join(f"{part}{number}" for part, number in zip(parts, [*shown, ""], strict=True))
    varying = tuple((text, numbers[0]) for text, numbers in zip(shown, columns, strict=True) if "{" in text)
    return Siblings(name, tuple(ids), varying)


def _braces(numbers: Sequence[str]) -> str:
    different = list(dict.fromkeys(numbers))
    between = f"{different[0]}…{different[-1]}" if len(different) > 4 else ",".join(different)
    return f"{{{between}}}"
