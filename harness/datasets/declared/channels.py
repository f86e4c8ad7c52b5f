"""Images of many channels, declared once: an embedding of sixteen need not be written down sixteen times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def with_channels(data: Any) -> Any:
    """Return the table of a stored dataset in which `images.e = { channels = 16 }` has become `e-01` … `e-16`.

    Each takes one index of the stored axis C; without `axes` that axis is taken to be the first. What a sample sets
    for `e` it sets for all of them. Anything that is not a table is returned as it is: validation says what is wrong.
    Raises ValueError for axes without C, or where C is selected already.
    """
    images = data.get("images") if isinstance(data, Mapping) else None
    many = {name: source for name, source in _tables(images) if isinstance(source.get("channels"), int)}
    if images is None or not many:
        return data
    names = {name: _numbered(name, source["channels"]) for name, source in many.items()}
    result = {**data, "images": {}}
    for name, source in images.items():
        result["images"].update(
            _channels(name, source, names[name], data.get("axes")) if name in many else {name: source}
        )
    if isinstance(data.get("samples"), Mapping):
        result["samples"] = {key: _sample(sample, names) for key, sample in data["samples"].items()}
    return result


def _tables(images: Any) -> list[tuple[str, Mapping[str, Any]]]:
    items = images.items() if isinstance(images, Mapping) else ()
    return [(name, source) for name, source in items if isinstance(source, Mapping)]


def _numbered(name: str, count: int) -> tuple[str, ...]:
    width = len(str(count))
    return tuple(f"{name}-{number:0{width}}" for number in range(1, count + 1))


def _channels(name: str, source: Mapping[str, Any], names: tuple[str, ...], spatial: Any) -> dict[str, Any]:
    axes = source.get("axes") or (f"C{spatial}" if spatial else "C")
    chosen = source.get("select", {})
    if not isinstance(axes, str) or "C" not in axes or "C" in chosen or not names:
        raise ValueError(
            f"images.{name}: `channels = {source['channels']}` with axes '{axes}' and select {dict(chosen)}; "
            "accepted: one channel or more, axes with C, and no C in `select`"
        )
    return {each: {**source, "axes": axes, "select": {**chosen, "C": index}} for index, each in enumerate(names)}


def _sample(sample: Any, names: Mapping[str, tuple[str, ...]]) -> Any:
    """Return the table of a sample in which what it says of an image is said of each of its channels."""
    if not isinstance(sample, Mapping) or not isinstance(sample.get("images"), Mapping):
        return sample
    images = {each: source for name, source in sample["images"].items() for each in names.get(name, (name,))}
    return {**sample, "images": images}
