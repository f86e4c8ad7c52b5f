"""Ways to tamper with a bundle; what is changed is sealed anew, so that each is found for its own reason."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from harness.bundles.container import SEAL

Members = dict[str, bytes]
Change = Callable[[Members], Members | None]


def members_of(path: Path) -> Members:
    """Return the members of a bundle by name, in their order."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def seal(raw: bytes) -> bytes:
    """Return the bytes of a zip that ends with a place for a seal, with the right one."""
    body = raw[:-64]
    return body + hashlib.sha256(body).hexdigest().encode()


def zipped(members: list[tuple[zipfile.ZipInfo | str, bytes]], compression: int = zipfile.ZIP_STORED) -> bytes:
    """Return a zip of members with a right seal."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
        archive.comment = SEAL + b"0" * 64
    return seal(buffer.getvalue())


def write(path: Path, members: Members) -> Path:
    """Write members as a sealed bundle."""
    path.write_bytes(zipped([(name, content) for name, content in members.items()]))
    return path


def manifest_of(members: Members) -> Any:
    """Return the manifest as JSON data."""
    return json.loads(members["manifest.json"])


def with_manifest(members: Members, change: Callable[[Any], None]) -> Members:
    """Return members whose manifest was changed in place."""
    data = manifest_of(members)
    change(data)
    return {**members, "manifest.json": json.dumps(data).encode()}


def rehashed(members: Members) -> Members:
    """Return members whose manifest states the hashes and the files that are there."""

    def change(data: Any) -> None:
        for sample in data["samples"]:
            inside = f"labels/{sample['dataset']}/{sample['sample']}.ome.zarr/"
            mine = {name: content for name, content in members.items() if name.startswith(inside)}
            sample["files"] = {name: hashlib.sha256(content).hexdigest() for name, content in mine.items()}

    return with_manifest(members, change)


def with_array(members: Members, change: Callable[[Any], None]) -> Members:
    """Return members whose first label array has other metadata, hashed anew."""
    name = next(name for name in members if name.endswith("/0/zarr.json"))
    data = json.loads(members[name])
    change(data)
    return rehashed({**members, name: json.dumps(data).encode()})


def first_chunk(members: Members) -> str:
    """Return the name of the first chunk."""
    return next(name for name in members if "/0/c/" in name)


def with_chunk(members: Members, content: bytes) -> Members:
    """Return members whose first chunk has other bytes, hashed anew."""
    return rehashed({**members, first_chunk(members): content})


def with_info(members: Members, **fields: Any) -> bytes:
    """Return a bundle with one more member whose zip entry has certain fields."""
    info = zipfile.ZipInfo(fields.pop("filename", "labels/extra"))
    for name, value in fields.items():
        setattr(info, name, value)
    return zipped([*members.items(), (info, b"content")])


def symbolic_link(members: Members) -> bytes:
    """Return a bundle with a link."""
    return with_info(members, external_attr=(stat.S_IFLNK | 0o777) << 16)


def pickled(members: Members) -> Members:
    """Return members with a pickle among the labels."""
    name = first_chunk(members).rpartition("/0/c/")[0] + "/0/labels.pkl"
    return rehashed({**members, name: pickle.dumps(np.array([None], dtype=object))})
