"""Records and timings of lines that are as they were written: read several times as fast as any line can be.

Most lines are of this kind, and a report reads a hundred thousand of each. Of a record, msgspec parses a line, writes
what it says in canonical form, which is hashed and held against the checksum, and makes the record. Every other line,
and every one that says more than a record holds, is left to `harness.store.records`, which says what is wrong.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache
from typing import Any

from harness.hashing import hash_value
from harness.model import Origin
from harness.store.migrations import SCHEMA
from harness.store.records import CellError, Code, Record, StageRecord, StageTiming, Timing, take_for_sound

_KEYS: Mapping[type, frozenset[str]] = {
    kind: frozenset(declared.name for declared in fields(kind))
    for kind in (Record, StageRecord, Origin, Code, CellError, Timing, StageTiming)
}


@cache
def sound_record_reader() -> Callable[[bytes], Record | None]:
    """Return what reads the record of a line of today's schema with the right checksum, and of all others returns None.

    A record that it returns is the one that `read_record` makes of the line.
    """
    import msgspec

    of_today = _reader_of_today()
    encode = msgspec.json.Encoder(order="sorted").encode

    def has_checksum(content: dict[str, Any], stated: Any) -> bool:
        """Return whether content has a checksum; its canonical text is another for some numbers and letters."""
        return bool(hashlib.sha256(encode(content)).hexdigest() == stated or hash_value(content) == stated)

    def read(line: bytes) -> Record | None:
        data = of_today(line)
        if data is None:
            return None
        stated = data.pop("checksum", "")
        if not has_checksum(data, stated):
            return None
        data["checksum"] = stated
        metrics = data.get("metrics")
        if isinstance(metrics, dict) and None in metrics.values():
            data["metrics"] = {name: math.nan if value is None else value for name, value in metrics.items()}
        try:
            record = msgspec.convert(data, Record)
        except msgspec.ValidationError:
            return None
        if not _holds_all(data):
            return None
        take_for_sound(record)
        return record

    return read


@cache
def sound_timing_reader() -> Callable[[bytes], Timing | None]:
    """Return what reads the timing of a line of today's schema that says nothing else, and of others returns None.

    A timing that it returns is the one that `read_timing` makes of the line, which does not look at its checksum.
    """
    import msgspec

    of_today = _reader_of_today()

    def read(line: bytes) -> Timing | None:
        data = of_today(line)
        if data is None:
            return None
        try:
            timing = msgspec.convert(data, Timing)
        except msgspec.ValidationError:
            return None
        is_all = _KEYS[Timing].issuperset(data) and all(map(_KEYS[StageTiming].issuperset, data.get("stages", ())))
        return timing if is_all else None

    return read


def _reader_of_today() -> Callable[[bytes], dict[str, Any] | None]:
    """Return what parses a line of today's schema, which is left out, and of all others returns None."""
    import msgspec

    decode = msgspec.json.Decoder().decode

    def parse(line: bytes) -> dict[str, Any] | None:
        try:
            data = decode(line)
        except (ValueError, RecursionError):
            return None
        is_of_today = type(data) is dict and type(schema := data.pop("schema", None)) is int and schema == SCHEMA
        return data if is_of_today else None

    return parse


def _holds_all(data: Mapping[str, Any]) -> bool:
    """Return whether a record has room for every key of its line: msgspec passes over those that it does not know."""
    stages = data.get("stages", ())
    origins = (*data.get("origins", {}).values(), *[stage.get("origin") for stage in stages])
    return (
        _KEYS[Record].issuperset(data)
        and all(map(_KEYS[StageRecord].issuperset, stages))
        and all(map(_KEYS[Origin].issuperset, filter(None, origins)))
        and _KEYS[Code].issuperset(data.get("code", ()))
        and _KEYS[CellError].issuperset(data.get("error") or ())
    )
