"""The index of the chunks of an HDF5 dataset, which HDF5 takes as it stands: old files have no checksum over it.

A chunk outside of the array ends the process, and so does one that is shorter than its checksum; one whose filters are
marked as left out is read as it is stored.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

SHUFFLE, FLETCHER32 = 2, 3
"""Ids of the filters that never fail, so that no chunk is written without them."""
CHECKSUM_BYTES = 4


def chunk_problem(node: Any) -> str:
    """Return what is wrong with the index of a chunked dataset, or "".

    Looked at once per state of a file: large arrays open it anew for each region.
    """
    holder = Path(node.file.filename)
    state = holder.stat()
    return _problem(str(holder), node.name, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=64)
def _problem(path: str, key: str, size: int, _: int) -> str:
    import h5py  # type: ignore[import-untyped]

    found: list[str] = []
    ranges: list[tuple[int, int]] = []
    places: set[tuple[int, ...]] = set()

    def look(chunk: Any) -> bool | None:
        place = tuple(chunk.chunk_offset)
        steps = zip(place, node.shape, node.chunks, strict=True)
        if not all(0 <= start < length and start % step == 0 for start, length, step in steps):
            found.append(f"has a chunk at {place}, outside of its array")
        elif chunk.byte_offset + chunk.size > size:
            found.append(f"has a chunk at {place} that ends outside of the file")
        elif place in places:
            found.append(f"has two chunks at {place}")
        elif not _is_size_possible(chunk, filters, raw):
            found.append(f"has a chunk at {place} whose size does not fit the filters that its index names")
        places.add(place)
        ranges.append((chunk.byte_offset, chunk.byte_offset + chunk.size))
        return True if found else None

    with h5py.File(path, "r") as file:
        node = file[key]
        plan = node.id.get_create_plist()
        filters = [plan.get_filter(number)[0] for number in range(plan.get_nfilters())]
        raw = math.prod(node.chunks) * node.dtype.itemsize
        node.id.chunk_iter(look)
    ranges.sort()
    if not found and any(start < end for (_, end), (start, _) in pairwise(ranges)):
        found.append("has chunks that lie over each other in the file")
    return found[0] if found else ""


def _is_size_possible(chunk: Any, filters: list[int], raw: int) -> bool:
    """Return whether a chunk may have its size: known of one that no filter has compressed, bounded of the others."""
    skipped = {code for number, code in enumerate(filters) if chunk.filter_mask >> number & 1}
    used = [code for code in filters if code not in skipped]
    if skipped & {SHUFFLE, FLETCHER32}:
        return False
    checksums = CHECKSUM_BYTES * used.count(FLETCHER32)
    if all(code in (SHUFFLE, FLETCHER32) for code in used):
        return bool(chunk.size == raw + checksums)
    return bool(chunk.size > checksums)
