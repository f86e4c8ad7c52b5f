"""Addable counts: what a metric keeps of a pair, so that many pairs can be pooled and old records be read anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.errors import LabelError

Number = int | float
Counts = Mapping[str, Number | tuple[Number, ...]]
"""Numbers by name; a tuple has one entry per threshold of a convention. Equal names mean equal things."""


def added(parts: Iterable[Counts]) -> dict[str, Number | tuple[Number, ...]]:
    """Return the sum of counts, name by name and entry by entry.

    The sum is that of the images side by side with their labels kept apart. Raises `LabelError` if a name is absent
    from some parts: they were not counted alike, and nothing can be said of their sum.
    """
    total: dict[str, Number | tuple[Number, ...]] = {}
    for index, part in enumerate(parts):
        if not index:
            total = dict(part)
            continue
        if part.keys() != total.keys():
            name = sorted(part.keys() ^ total.keys())[0]
            raise LabelError(f"the count '{name}' is known of some images only; accepted: images counted alike")
        for name, value in part.items():
            total[name] = _sum(total[name], value)
    return total


def _sum(one: Number | tuple[Number, ...], other: Number | tuple[Number, ...]) -> Number | tuple[Number, ...]:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return tuple(a + b for a, b in zip(one, other, strict=True))
    assert not isinstance(one, tuple)
    assert not isinstance(other, tuple)
    return one + other


def number(counts: Counts, name: str) -> Number:
    """Return a plain count; raises `LabelError` if it was not kept."""
    value = _known(counts, name)
    assert not isinstance(value, tuple)
    return value


def series(counts: Counts, name: str) -> tuple[Number, ...]:
    """Return a count that has one entry per threshold; raises `LabelError` if it was not kept."""
    value = _known(counts, name)
    assert isinstance(value, tuple)
    return value


def _known(counts: Counts, name: str) -> Number | tuple[Number, ...]:
    if name not in counts:
        raise LabelError(f"the count '{name}' was not kept; score the prediction again")
    return counts[name]
