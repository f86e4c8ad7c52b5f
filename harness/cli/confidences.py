"""Confidences of predicted objects from a file: JSON {"label": number} or CSV with the columns label and confidence."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from harness.errors import DataError
from harness.regular_files import read_regular

COLUMNS = ("label", "confidence")


def read_confidences(path: Path) -> dict[int, float]:
    """Return label -> confidence; whether they are those of a prediction is asked when it is scored.

    Raises `DataError` for a file that cannot be read, is neither, or names a label twice or as something else than a
    whole number.
    """
    try:
        text = read_regular(path).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    found: dict[int, float] = {}
    for label, value in _rows(path, text):
        try:
            number, confidence = int(label), float(value)
        except (TypeError, ValueError) as error:
            raise DataError(f"{path}: {label!r}: {value!r}; accepted: a label, a whole number, and a number") from error
        if number in found:
            raise DataError(f"{path}: label {number} has two confidences")
        found[number] = confidence
    return found


def _rows(path: Path, text: str) -> list[tuple[str, str]]:
    if path.suffix.lower() == ".json":
        try:
            pairs = json.loads(text, object_pairs_hook=list)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{path}: no JSON: {error}") from error
        if not isinstance(pairs, list) or not all(isinstance(pair, tuple) for pair in pairs):
            raise DataError(f'{path}: accepted: one object, {{"label": confidence, …}}')
        return pairs
    reader = csv.DictReader(text.splitlines())
    try:
        if not set(COLUMNS) <= set(reader.fieldnames or ()):
            columns = ", ".join(reader.fieldnames or ()) or "none"
            raise DataError(
                f"{path}: columns {columns}; accepted: {' and '.join(COLUMNS)}, or a JSON object in a .json file"
            )
        return [(row[COLUMNS[0]], row[COLUMNS[1]]) for row in reader]
    except csv.Error as error:
        raise DataError(f"{path}: no CSV: {error}") from error
