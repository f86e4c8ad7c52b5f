"""Descriptions of models in the format of the BioImage.IO zoo: where one lies, and what it says of training data.

Only what needs no library of the zoo: a model is opened by `harness.stages.foreign`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from harness.errors import DataError
from harness.escaping import one_line

NAMES = ("bioimageio.yaml", "rdf.yaml", "model.yaml")
"""What the file of a description is called, in the order in which they are looked for."""
SUFFIXES = (".yaml", ".yml")
MOST_BYTES = 10_000_000
"""A longer text is no description."""
_VERSION = re.compile(r"/v?\d[\w.]*$")


def description_at(path: Path) -> Path | None:
    """Return the description that a path stands for, None if there is none.

    A path is a description itself, a zip that holds one (the zip is returned), a folder with one, or a file, such as
    one of weights, beside one.
    """
    if path.suffix.lower() in SUFFIXES:
        return path if path.is_file() else None
    if path.suffix.lower() == ".zip":
        return path if path.is_file() and _member(path) else None
    folder = path if path.is_dir() else path.parent
    return next((folder / name for name in NAMES if (folder / name).is_file()), None)


def training_data(path: Path) -> tuple[str, ...]:
    """Return the ids of the data sets that trained a model, as its description declares them, versions left out.

    None without a description and where it says nothing. Raises `DataError` for a description that cannot be read.
    """
    found = description_at(path)
    declared = {} if found is None else _content(found).get("training_data")
    name = declared.get("id") if isinstance(declared, Mapping) else None
    return (_VERSION.sub("", name),) if isinstance(name, str) and name else ()


def _content(path: Path) -> Mapping[str, Any]:
    import yaml

    try:
        text = _text(path)
        content = yaml.safe_load(text)
    except (OSError, BadZipFile, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(f"{path}: the description cannot be read ({one_line(str(error))})") from error
    if not isinstance(content, Mapping):
        raise DataError(f"{path}: the description holds a {type(content).__name__}; accepted: a table of entries")
    return content


def _text(path: Path) -> str:
    if path.suffix.lower() != ".zip":
        size = path.stat().st_size
        data = path.read_bytes() if size <= MOST_BYTES else b""
    else:
        with ZipFile(path) as archive:
            info = archive.getinfo(_member(path))
            size = info.file_size
            data = archive.read(info) if size <= MOST_BYTES else b""
    if size > MOST_BYTES:
        raise DataError(f"{path}: the description has {size} bytes; accepted: at most {MOST_BYTES}")
    return data.decode("utf-8")


def _member(path: Path) -> str:
    """Return the name of the description within a zip, "" if it holds none."""
    try:
        with ZipFile(path) as archive:
            names = set(archive.namelist())
    except (OSError, BadZipFile):
        return ""
    return next((name for name in NAMES if name in names), "")
