"""What a bundle says of itself: the suite, the method, and for every sample its labels with hashes and scores."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, ValidationError

from harness.bundles.card import MethodCard
from harness.bundles.container import Container
from harness.config import Strict, shortened
from harness.errors import DataError
from harness.model import Tier

MANIFEST = "manifest.json"
SCHEMA = 1
MOST_BYTES = 1 << 28
"""Of a manifest; one with 100,000 members has some 20 MB."""

Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Dtype = Literal["uint8", "uint16", "uint32"]


class SubmittedSample(Strict):
    """The label image of one sample.

    image   hash of the image that the author was given (`harness.stages.values.content_hash`)
    axes    "YX" or "ZYX", with `shape`; 0 is background
    files   sha256 of every member that makes up the labels, by its name
    scores  metric id -> value as the author's harness computed it, null for NaN
    """

    dataset: str
    sample: str
    image: Hash
    axes: Literal["YX", "ZYX"]
    shape: tuple[int, ...]
    dtype: Dtype
    files: dict[str, Hash]
    scores: dict[str, float | None]

    @property
    def folder(self) -> str:
        """The folder of the labels in the bundle."""
        return label_folder(self.dataset, self.sample)

    def __str__(self) -> str:
        return f"{self.dataset}/{self.sample}"


class Manifest(Strict):
    """The whole manifest; `row` is the row of the suite whose data the method reads, "" where all read the same."""

    schema_: Literal[1] = Field(alias="schema")
    harness: str
    suite: str
    version: int
    tier: Tier
    row: str
    method: MethodCard
    samples: tuple[SubmittedSample, ...] = Field(min_length=1)


def label_folder(dataset: str, sample: str) -> str:
    """Return the folder of a sample's labels in a bundle."""
    return f"labels/{dataset}/{sample}.ome.zarr"


def read_manifest(container: Container) -> Manifest:
    """Return the manifest of a bundle whose members are all named in it, each with the bytes that it states.

    Raises `DataError` for everything else.
    """
    path = container.path
    if MANIFEST not in container.names:
        raise DataError(f"{path}: has no {MANIFEST}")
    if container.size(MANIFEST) > MOST_BYTES:
        raise DataError(f"{path}: {MANIFEST} has {container.size(MANIFEST)} bytes; accepted: at most {MOST_BYTES}")
    try:
        data = json.loads(container.read(MANIFEST), object_pairs_hook=_once, parse_constant=_no_number)
        manifest = Manifest.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        problems = error.errors()
        where = ".".join(str(part) for part in problems[0]["loc"])
        found = shortened(problems[0]["input"])
        raise DataError(f"{path}: {MANIFEST}: {where}: {problems[0]['msg']}; found {found}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: {MANIFEST}: not JSON as `harness submit` writes it: {error}") from error
    _check_samples(container, manifest)
    return manifest


def _check_samples(container: Container, manifest: Manifest) -> None:
    path = container.path
    owners: dict[str, str] = {}
    seen: set[str] = set()
    for entry in manifest.samples:
        if str(entry) in seen:
            raise DataError(f"{path}: {MANIFEST}: sample '{entry}' stands there twice")
        seen.add(str(entry))
        for name in entry.files:
            if not name.startswith(f"{entry.folder}/"):
                raise DataError(f"{path}: {MANIFEST}: '{name}' is given as labels of '{entry}', outside {entry.folder}")
            owners[name] = str(entry)
    unnamed = [name for name in container.names if name != MANIFEST and name not in owners]
    if unnamed:
        raise DataError(f"{path}: member '{unnamed[0]}' is not named in {MANIFEST}: a bundle holds labels alone")
    absent = sorted(owners.keys() - set(container.names))
    if absent:
        raise DataError(f"{path}: member '{absent[0]}' of sample '{owners[absent[0]]}' is missing")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is not a number of JSON")
