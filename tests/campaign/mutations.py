"""Damaged copies of bytes and of JSON."""

from __future__ import annotations

import copy
import json
from random import Random
from typing import Any

VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1, 1.5, 1e300, float("nan"), float("inf"), 10**30, "", "x", "../x", "/x", "\udcff", "\u202ex",
    "\x00", "\x1b[31m", "x" * 5000, [], [[]], [[[]]], {}, {"x": 1}, ["x"], [1, 2], [None],
)  # fmt: skip
"""What a value of JSON is replaced by."""
_EDGES = (b"", b"\0", b"\xff", b"\0" * 8, b"\xff" * 8, b"\x7f\xff\xff\xff", b"\x80\0\0\0")


def damaged(random: Random, content: bytes) -> bytes:
    """Return bytes with one to four alterations: bits turned, parts cut out, doubled, swapped, overwritten."""
    found = bytearray(content)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        start = random.randrange(len(found) + 1)
        stop = min(len(found), start + int(random.expovariate(1 / 20)) + 1)
        kind = random.choice(("flip", "flip", "flip", "byte", "cut", "end", "double", "edge", "insert", "swap"))
        if kind == "flip" and start < len(found):
            found[start] ^= 1 << random.randrange(8)
        elif kind == "byte" and start < len(found):
            found[start] = random.randrange(256)
        elif kind == "cut":
            del found[start:stop]
        elif kind == "end":
            del found[start:]
        elif kind == "double":
            found[start:start] = found[start:stop]
        elif kind == "edge":
            edge = random.choice(_EDGES)
            found[start : start + len(edge)] = edge
        elif kind == "insert":
            found[start:start] = random.randbytes(random.randint(1, 9))
        else:
            found[start:stop] = reversed(found[start:stop])
    return bytes(found)


def altered(random: Random, value: Any) -> Any:
    """Return a JSON value with one to three of its inner values replaced, removed or doubled."""
    root = [copy.deepcopy(value)]
    for _ in range(random.choice((1, 1, 2, 3))):
        holder, key = random.choice(list(_places(root)))
        kind = random.choice(("replace", "replace", "replace", "remove", "double"))
        if kind == "replace":
            holder[key] = copy.deepcopy(random.choice(VALUES))
        elif kind == "remove" and holder is not root:
            del holder[key]
        elif isinstance(holder, list) and holder is not root:
            holder.insert(key, copy.deepcopy(holder[key]))
    return root[0]


def json_text(value: Any) -> bytes:
    """Return the bytes of a JSON value, half characters included."""
    return json.dumps(value).encode()


def _places(value: Any) -> Any:
    """Yield every holder of a value in JSON, with the key there."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(items):
        yield value, key
        yield from _places(inner)
