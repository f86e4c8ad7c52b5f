"""Two folders of label images, or COCO files of many images, as pairs, matched by the names without their endings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.datasets.formats.open import SUFFIXES
from harness.datasets.formats.outlines.coco import CocoFile
from harness.datasets.formats.outlines.reading import SUFFIXES as OUTLINES
from harness.datasets.formats.outlines.reading import coco_file
from harness.errors import DataError

_ARRAYS = ("_seg.npy", *(f"{ome}{one}" for many in SUFFIXES.values() for one in many for ome in ("", ".ome")))


@dataclass(frozen=True, slots=True)
class FilePair:
    """The label images of one name on both sides ("" for none), or why they cannot be compared (`problem`)."""

    name: str
    prediction: str
    truth: str
    problem: str = ""


def are_collections(predictions: Path, truths: Path) -> bool:
    """Return whether both places hold label images by name: folders (no Zarr, which is one too), or COCO files.

    Two COCO files of one image each are two label images.
    """
    folders = [is_plain_folder(place) for place in (predictions, truths)]
    coco = [
        None if is_folder else coco_file(place) for is_folder, place in zip(folders, (predictions, truths), strict=True)
    ]
    has_many = any(folders) or any(file is not None and len(file.images) > 1 for file in coco)
    return has_many and all(is_folder or file is not None for is_folder, file in zip(folders, coco, strict=True))


def pair_folders(predictions: Path, truths: Path) -> tuple[FilePair, ...]:
    """Return a pair for every name on either side, sorted by name; hidden files and other formats are left out.

    Files of outlines (COCO, GeoJSON, ImageJ ROIs) in folders count where no label image has their name: JSON is much
    else too. Images of two COCO files are matched by their ids; one that has no results has no objects. Raises
    `DataError` if a folder cannot be read, or nothing on one side has a partner on the other.
    """
    files = (coco_file(predictions), coco_file(truths))
    found = [
        _by_name(place) if file is None else _of_coco(place, file, files)
        for place, file in zip((predictions, truths), files, strict=True)
    ]
    pairs = tuple(
        _pair(name, found[0].get(name, []), found[1].get(name, [])) for name in sorted({*found[0], *found[1]})
    )
    if not any(pair.prediction and pair.truth for pair in pairs):
        raise DataError(
            f"{predictions} and {truths}: no label image of one has the name of one in the other; "
            f"found {_some(found[0])} and {_some(found[1])}"
        )
    return pairs


def is_plain_folder(place: Path) -> bool:
    """Return whether a path is a folder, and no Zarr or N5 array or group, which is one too."""
    markers = ("zarr.json", ".zgroup", ".zarray")
    return (
        place.is_dir()
        and place.suffix not in (".zarr", ".n5")
        and not any((place / marker).exists() for marker in markers)
    )


def _of_coco(place: Path, file: CocoFile, both: Sequence[CocoFile | None]) -> dict[str, list[str]]:
    """Return the images of a COCO file by name: that of their file, which the other side may know, else their id.

    Those that annotations alone name are among them: whoever reads them says that the file does not list them.
    """
    others = [other for other in both if other is not None]
    images = [*file.images, *file.unlisted]
    if not file.is_complete:
        images += [image for other in others for image in other.images if image not in file.images]
    found: dict[str, list[str]] = {}
    for image in images:
        name = next((name for other in (file, *others) if (name := other.name_of(image))), image)
        found.setdefault(name, []).append(f"{place}:{image}")
    return found


def name_of(path: Path) -> str | None:
    """Return a file's name without the ending of a known format, `.ome` included; None for other files.

    >>> name_of(Path("a.b.ome.tif")), name_of(Path("notes.txt"))
    ('a.b', None)
    """
    return _without(path, _ARRAYS)


def _without(path: Path, endings: Sequence[str]) -> str | None:
    """Return a name without the longest of the endings that it has; None for hidden files and others."""
    fitting = [one for one in endings if path.name.lower().endswith(one) and not path.name.startswith(".")]
    return path.name[: -max(map(len, fitting))] if fitting else None


def _by_name(folder: Path) -> dict[str, list[str]]:
    images: dict[str, list[str]] = {}
    outlines: dict[str, list[str]] = {}
    try:
        for path in sorted(folder.iterdir()):
            for files, name in ((images, name_of(path)), (outlines, _without(path, OUTLINES))):
                if name:
                    files.setdefault(name, []).append(str(path))
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror})") from error
    return {**outlines, **images}


def _pair(name: str, predictions: list[str], truths: list[str]) -> FilePair:
    problem = "; ".join(_problems(predictions, truths))
    return FilePair(name, next(iter(predictions), ""), next(iter(truths), ""), problem)


def _problems(predictions: list[str], truths: list[str]) -> Iterator[str]:
    for files, kind in ((predictions, "prediction"), (truths, "truth")):
        if not files:
            yield f"no {kind} of this name"
        if len(files) > 1:
            yield f"{len(files)} {kind} files of this name: {', '.join(Path(file).name for file in files)}"


def _some(names: dict[str, list[str]]) -> str:
    shown = ", ".join(sorted(names)[:3])
    return f"{len(names)} ({shown}{', …' if len(names) > 3 else ''})" if names else "none"
