"""One bundle from a folder of label images: labels as OME-Zarr, hashes, the method card, and the scores."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.bundles import MANIFEST, MethodCard, write_container
from harness.bundles.labels import CHUNK, LEVEL
from harness.bundles.manifest import SCHEMA, label_folder
from harness.errors import ConfigError
from harness.identity import installed_version
from harness.model import DISTRIBUTION, JsonDict, Tier, Volume
from harness.scoring import Scores
from harness.submission.asked import Asked, check_training
from harness.submission.predictions import collected
from harness.suite import Suite

OME = "0.5"


def submit(
    suite: Suite, tier: Tier, asked: Sequence[Asked], folder: Path, card: MethodCard, out: Path, *, row: str = ""
) -> dict[str, Scores]:
    """Write the bundle of a folder of label images, and return the scores of each sample.

    Everything that `verify` checks is checked here first. Equal labels make equal bytes. Raises `DataError` or
    `LabelError` with one line per file that will not do, `ConfigError` for a name that the suite has already.
    """
    if card.id in {one.id for one in suite.rows}:
        raise ConfigError(f"method '{card.id}': suite '{suite.id}' has a row of that name; choose another id")
    if out.suffix != ".zip":
        raise ConfigError(f"{out}: a bundle is one zip file; accepted: a name that ends in .zip")
    check_training(asked, card)
    labels = collected(asked, folder)
    scores = {str(one): one.scores(labels[str(one)]) for one in asked}
    members: list[tuple[str, bytes]] = []
    samples = []
    for one in asked:
        volume = labels[str(one)]
        inside = label_folder(one.data.dataset, one.sample)
        files = [(f"{inside}/{name}", content) for name, content in _ome_zarr(volume, one.sample)]
        members += files
        samples.append(
            {
                "dataset": one.data.dataset,
                "sample": one.sample,
                "image": one.image_hash,
                "axes": volume.axes,
                "shape": list(volume.array.shape),
                "dtype": volume.array.dtype.name,
                "files": {name: hashlib.sha256(content).hexdigest() for name, content in files},
                "scores": written_scores(scores[str(one)]),
            }
        )
    manifest = {
        "schema": SCHEMA,
        "harness": installed_version(DISTRIBUTION),
        "suite": suite.id,
        "version": suite.version,
        "tier": tier,
        "row": row,
        "method": card.model_dump(mode="json"),
        "samples": samples,
    }
    text = json.dumps(manifest, indent=1, allow_nan=False, ensure_ascii=False)
    write_container(out, [(MANIFEST, text.encode()), *members])
    return scores


def written_scores(scores: Scores) -> dict[str, float | None]:
    """Return scores as JSON has them: null for NaN."""
    return {name: None if math.isnan(value) else value for name, value in scores.values.items()}


def _ome_zarr(volume: Volume, name: str) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a label image, by name, in a fixed order."""
    import zarr
    from zarr.codecs import BloscCodec
    from zarr.core.buffer import Buffer
    from zarr.storage import MemoryStore

    held: dict[str, Buffer] = {}
    root = zarr.open_group(MemoryStore(held), mode="w", zarr_format=3, attributes=_attributes(volume, name))
    chunks = tuple(max(1, min(n, CHUNK)) for n in volume.array.shape)
    root.create_array(
        LEVEL,
        data=volume.array,
        chunks=chunks,
        compressors=BloscCodec(cname="zstd", clevel=5, shuffle="shuffle"),
        fill_value=0,
        dimension_names=[axis.lower() for axis in volume.axes],
    )
    for key in sorted(held):
        yield key, held[key].to_bytes()


def _attributes(volume: Volume, name: str) -> JsonDict:
    spacing = volume.spacing_um
    unit: dict[str, Any] = {} if spacing is None else {"unit": "micrometer"}
    axes = [{"name": axis.lower(), "type": "space", **unit} for axis in volume.axes]
    scale = [1.0] * len(axes) if spacing is None else [float(step) for step in spacing]
    level = {"path": LEVEL, "coordinateTransformations": [{"type": "scale", "scale": scale}]}
    return {
        "ome": {
            "version": OME,
            "multiscales": [{"name": name, "axes": axes, "datasets": [level]}],
            "image-label": {"version": OME},
        }
    }
