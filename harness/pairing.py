"""Two folders of label images as pairs of files, matched by the names without their endings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.datasets.formats.open import SUFFIXES
from harness.errors import DataError

_ENDINGS = tuple(sorted((f"{ome}{one}" for many in SUFFIXES.values() for one in many for ome in ("", ".ome")), key=len))


@dataclass(frozen=True, slots=True)
class FilePair:
    """The files of one name in both folders, or why they cannot be compared (`problem`)."""

    name: str
    prediction: Path | None
    truth: Path | None
    problem: str = ""


def pair_folders(predictions: Path, truths: Path) -> tuple[FilePair, ...]:
    """Return a pair for every name in either folder, sorted by name; hidden files and other formats are left out.

    Raises `DataError` if a folder cannot be read, or nothing in one has a partner in the other.
    """
    found = (_by_name(predictions), _by_name(truths))
    pairs = tuple(
        _pair(name, found[0].get(name, []), found[1].get(name, [])) for name in sorted({*found[0], *found[1]})
    )
    if not any(pair.prediction and pair.truth for pair in pairs):
        raise DataError(
            f"{predictions} and {truths}: no label image of one has the name of one in the other; "
            f"found {_some(found[0])} and {_some(found[1])}"
        )
    return pairs


def name_of(path: Path) -> str | None:
    """Return a file's name without the ending of a known format, `.ome` included; None for other files.

    >>> name_of(Path("a.b.ome.tif")), name_of(Path("notes.txt"))
    ('a.b', None)
    """
    lower = path.name.lower()
    ending = next((one for one in reversed(_ENDINGS) if lower.endswith(one)), "")
    return path.name[: -len(ending)] if ending and not path.name.startswith(".") else None


def _by_name(folder: Path) -> dict[str, list[Path]]:
    files: dict[str, list[Path]] = {}
    try:
        for path in sorted(folder.iterdir()):
            name = name_of(path)
            if name:
                files.setdefault(name, []).append(path)
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror})") from error
    return files


def _pair(name: str, predictions: list[Path], truths: list[Path]) -> FilePair:
    problem = "; ".join(_problems(predictions, truths))
    return FilePair(name, next(iter(predictions), None), next(iter(truths), None), problem)


def _problems(predictions: list[Path], truths: list[Path]) -> Iterator[str]:
    for files, kind in ((predictions, "prediction"), (truths, "truth")):
        if not files:
            yield f"no {kind} of this name"
        if len(files) > 1:
            yield f"{len(files)} {kind} files of this name: {', '.join(path.name for path in files)}"


def _some(names: dict[str, list[Path]]) -> str:
    shown = ", ".join(sorted(names)[:3])
    return f"{len(names)} ({shown}{', …' if len(names) > 3 else ''})" if names else "none"
