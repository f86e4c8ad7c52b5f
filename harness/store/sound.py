"""Records and timings of lines that are as they were written: read several times as fast as any line can be.

Most lines are of this kind, and a report reads a hundred thousand of each. A line is taken apart no further than its
canonical text needs, in which keys are sorted and values stand as they do in the line; that is hashed and held against
the checksum. Then msgspec makes the record of the line. Every other line, and every one that says more than a record
holds, is left to `harness.store.records`, which says what is wrong.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from typing import Any

from harness.hashing import hash_value
from harness.model import Origin
from harness.store.migrations import SCHEMA
from harness.store.records import CellError, Code, Record, StageRecord, StageTiming, Timing

_TODAY = str(SCHEMA).encode()


@cache
def sound_line_check() -> Callable[[bytes], bool]:
    """Return what says of a line whether it is of today's schema, has the right checksum and only keys of a record.

    Whether its values are those of a record is not asked.
    """
    import msgspec

    by_name = dict[str, msgspec.Raw]
    origin: Any = _line_of(Origin)
    stage: Any = _line_of(StageRecord, origin=origin | None, parameters=dict[str, Any], weights=by_name, facts=by_name)
    record = _line_of(
        Record,
        metrics=by_name,
        error=_line_of(CellError) | None,
        stages=list[stage],
        code=_line_of(Code),
        counts=by_name,
        prediction=by_name,
        origins=dict[str, origin],
        scope=dict[str, by_name],
    )
    take_apart = msgspec.json.Decoder(record).decode
    encode = msgspec.json.Encoder(order="sorted").encode
    decode = msgspec.json.Decoder().decode

    def has_checksum(line: bytes) -> bool:
        """Return whether a line has the checksum of what it says, in whatever way that is written."""
        content = decode(line)
        del content["schema"]
        return bool(content.pop("checksum", "") == hash_value(content))

    def is_sound(line: bytes) -> bool:
        try:
            parts: Any = take_apart(line)
            if parts.schema is msgspec.UNSET or bytes(parts.schema) != _TODAY:
                return False
            stated, parts.checksum, parts.schema = parts.checksum, msgspec.UNSET, msgspec.UNSET
            found = hashlib.sha256(encode(parts)).hexdigest()
            return (stated is not msgspec.UNSET and bytes(stated) == b'"%b"' % found.encode()) or has_checksum(line)
        except (ValueError, RecursionError):
            return False

    return is_sound


@cache
def record_line_reader() -> Callable[[bytes], Record | None]:
    """Return what reads the record of a line; None of one that holds none.

    Of a line that `sound_line_check` finds sound it is the one that `read_record` makes of it, of others it may not be.
    """
    import msgspec

    read_typed = msgspec.json.Decoder(Record).decode
    decode = msgspec.json.Decoder().decode

    def read_with_undefined(line: bytes) -> Record | None:
        """Read a record some of whose metrics are null, if that is all that keeps it from being read at once."""
        data = decode(line)
        metrics = data.get("metrics") if isinstance(data, dict) else None
        if not isinstance(metrics, dict) or None not in metrics.values():
            return None
        data["metrics"] = {name: math.nan if value is None else value for name, value in metrics.items()}
        return msgspec.convert(data, Record)

    def read(line: bytes) -> Record | None:
        try:
            try:
                return read_typed(line)
            except msgspec.ValidationError:
                return read_with_undefined(line)
        except (ValueError, RecursionError):
            return None

    return read


@cache
def sound_timing_reader() -> Callable[[bytes], Timing | None]:
    """Return what reads the timing of a line of today's schema that says nothing else, and of others returns None.

    A timing that it returns is the one that `read_timing` makes of the line, which does not look at its checksum.
    """
    import msgspec

    stage: Any = _line_of(StageTiming)
    take_apart = msgspec.json.Decoder(_line_of(Timing, stages=list[stage])).decode
    read_typed = msgspec.json.Decoder(Timing).decode

    def read(line: bytes) -> Timing | None:
        try:
            schema = take_apart(line).schema
            return read_typed(line) if schema is not msgspec.UNSET and bytes(schema) == _TODAY else None
        except (ValueError, RecursionError):
            return None

    return read


def _line_of(kind: type, **taken_apart: Any) -> Any:
    """Return the type of an object of a line: the keys of a dataclass, sorted, and no other; values as they stand.

    `taken_apart` are the types of those values whose own keys need sorting, or are those of another dataclass.
    """
    import msgspec

    said = {declared.name for declared in fields(kind) if declared.init}
    names = sorted(said | ({"schema"} if kind in (Record, Timing) else set()))
    keys = [(name, taken_apart.get(name, msgspec.Raw) | msgspec.UnsetType, msgspec.UNSET) for name in names]
    return msgspec.defstruct(f"{kind.__name__}Line", keys, forbid_unknown_fields=True, gc=False)
