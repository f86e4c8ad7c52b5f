"""The label images of a bundle: Zarr 3 arrays with the layout that `harness submit` writes, and no other."""

from __future__ import annotations

import hashlib
import json
import math
from typing import TYPE_CHECKING, Any

from harness.bundles.container import Container
from harness.bundles.manifest import SubmittedSample
from harness.errors import DataError
from harness.model import Grid, Volume

if TYPE_CHECKING:
    import numpy as np

LEVEL = "0"
CHUNK = 128
_BLOSC_HEADER = 16
_MOST_METADATA = 1 << 20


def read_submitted(container: Container, entry: SubmittedSample, grid: Grid) -> Volume:
    """Return the labels of a sample (unsigned, 0 background) on the grid of its image.

    Shape and chunks are held against the grid, and the sizes that compressed chunks claim against those of chunks,
    before anything is decompressed: memory is bounded by the image. Raises `DataError` with the reason for labels on
    another grid, of another type or layout, and for bytes that are not those of the manifest.
    """
    where = f"{container.path}: labels of '{entry}'"
    if entry.axes != grid.axes or entry.shape != grid.shape:
        raise DataError(
            f"{where}: have axes {entry.axes} and shape {entry.shape}; the image has {grid.axes} {grid.shape}"
        )
    members = {}
    for name, stated in entry.files.items():
        content = container.read(name)
        found = hashlib.sha256(content).hexdigest()
        if found != stated:
            raise DataError(f"{where}: member '{name}' hashes to {found[:12]}…, the manifest says {stated[:12]}…")
        members[name.removeprefix(f"{entry.folder}/")] = content
    chunks = _checked_layout(where, members, entry)
    _check_chunks(where, members, entry, chunks)
    return Volume(_decoded(where, members, entry), grid.axes, grid.spacing_um)


def _checked_layout(where: str, members: dict[str, bytes], entry: SubmittedSample) -> tuple[int, ...]:
    """Return the shape of a chunk; raises `DataError` for metadata that are not of a plain label array."""
    allowed = {"zarr.json", f"{LEVEL}/zarr.json"}
    absent = sorted(allowed - members.keys())
    if absent:
        raise DataError(f"{where}: '{absent[0]}' is missing")
    about = _json(where, members[f"{LEVEL}/zarr.json"])
    stated = {
        "zarr_format": (about.get("zarr_format"), 3),
        "node_type": (about.get("node_type"), "array"),
        "data_type": (about.get("data_type"), entry.dtype),
        "shape": (about.get("shape"), list(entry.shape)),
        "fill_value": (about.get("fill_value"), 0),
        "chunk_key_encoding": (
            about.get("chunk_key_encoding"),
            {"name": "default", "configuration": {"separator": "/"}},
        ),
        "storage_transformers": (about.get("storage_transformers", []), []),
    }
    for key, (found, accepted) in stated.items():
        if found != accepted:
            raise DataError(f"{where}: {key} is {str(found)[:80]}; accepted: {accepted}")
    codecs = [codec.get("name") if isinstance(codec, dict) else codec for codec in about.get("codecs") or []]
    if codecs != ["bytes", "blosc"]:
        raise DataError(f"{where}: codecs are {str(codecs)[:80]}; accepted: ['bytes', 'blosc']")
    layout = about.get("chunk_grid")
    shape = tuple(max(1, min(n, CHUNK)) for n in entry.shape)
    if layout != {"name": "regular", "configuration": {"chunk_shape": list(shape)}}:
        raise DataError(f"{where}: chunks are {str(layout)[:120]}; accepted: a regular grid of {shape}")
    return shape


def _json(where: str, content: bytes) -> dict[str, Any]:
    if len(content) > _MOST_METADATA:
        raise DataError(f"{where}: metadata of {len(content)} bytes; accepted: at most {_MOST_METADATA}")
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: metadata are not JSON: {error}") from error
    if not isinstance(found, dict):
        raise DataError(f"{where}: metadata are not a JSON object")
    return found


def _check_chunks(where: str, members: dict[str, bytes], entry: SubmittedSample, chunks: tuple[int, ...]) -> None:
    counts = tuple(-(-n // chunk) for n, chunk in zip(entry.shape, chunks, strict=True))
    itemsize = {"uint8": 1, "uint16": 2, "uint32": 4}[entry.dtype]
    wanted = math.prod(chunks) * itemsize
    for name, content in members.items():
        if name in ("zarr.json", f"{LEVEL}/zarr.json"):
            continue
        parts = name.split("/")
        is_chunk = (
            parts[:2] == [LEVEL, "c"]
            and len(parts) == 2 + len(counts)
            and all(
                part.isascii() and part.isdigit() and str(int(part)) == part and int(part) < count
                for part, count in zip(parts[2:], counts, strict=True)
            )
        )
        if not is_chunk:
            raise DataError(f"{where}: '{name}' is no chunk of an array with {counts} chunks")
        claimed = int.from_bytes(content[4:8], "little") if len(content) >= _BLOSC_HEADER else -1
        if claimed != wanted or int.from_bytes(content[12:16], "little") != len(content):
            raise DataError(f"{where}: chunk '{name}' claims to hold {claimed} bytes; a chunk has {wanted}")


def _decoded(where: str, members: dict[str, bytes], entry: SubmittedSample) -> np.ndarray:
    import numpy as np
    import zarr
    from zarr.core.buffer import default_buffer_prototype
    from zarr.storage import MemoryStore

    buffer = default_buffer_prototype().buffer
    store = MemoryStore({name: buffer.from_bytes(content) for name, content in members.items()})
    try:
        array = np.asarray(zarr.open_array(store, path=LEVEL, mode="r", zarr_format=3)[...])
    except (ValueError, KeyError, TypeError, RuntimeError) as error:
        raise DataError(f"{where}: cannot be decompressed: {error}") from error
    if array.shape != entry.shape or array.dtype != entry.dtype:
        raise DataError(f"{where}: hold {array.dtype} {array.shape}; the manifest says {entry.dtype} {entry.shape}")
    return array
