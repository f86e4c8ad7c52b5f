"""Object tables as data frames and files: a line per object of a truth and of a prediction."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from harness.errors import BackendError, ConfigError, StoreError, nearest
from harness.escaping import csv_value
from harness.frames import reading_pandas
from harness.metrics import Pair
from harness.metrics.classes import CLASSES
from harness.metrics.objects import ObjectRows
from harness.metrics.spacing import checked_spacing

if TYPE_CHECKING:
    from pandas import DataFrame

SIDES = ("truth", "prediction")
Format = Literal["csv", "parquet"]
FORMATS: tuple[Format, ...] = ("csv", "parquet")


def object_table(pred: Any, truth: Any, spacing_um: Sequence[float] | None = None, *, ignore: Any = None) -> DataFrame:
    """Return a line per truth object and per predicted object of two label images: what became of it, and where it is.

    `pred` and `truth` are those of `harness.score` (equal shapes, any number of axes, any integer dtype or bool, 0 is
    background); `spacing_um` is the size of a voxel in micrometres, one number per axis. Columns:

        side, id             "truth" or "prediction", the label; truth objects come first, each side ascending by label
        class                correct, missed, spurious, split, merged, split and merged, or poor boundary, by the rule
                             of `harness.metrics.classes`
        voxels               size; with a spacing also `size_um2` or `size_um3`
        low_y, high_y, …     bounding box, the high end excluded; the last three axes are called z, y, x
        centroid_y, …        mean index of the voxels; with a spacing also `centroid_y_um`: index times spacing
        nearest              distance to the nearest centroid of the same image, in voxels; with a spacing `nearest_um`
        touches_border       whether a voxel lies in the outermost layer of the image
        partner, iou         the object of the other side with the largest intersection over union; 0 without one
        iot, iop             the share of the truth object, and of the predicted one, that the two have in common
        voi_split, voi_merge what its voxels add to the metrics of that name, in bits; the background adds the rest
        confidence           how sure the method is of a predicted object, where it says so; NaN for a true one

    Raises `LabelError` for images that cannot be compared and a spacing that is not one finite number above 0 per axis,
    `BackendError` without pandas.

    >>> object_table([0, 5, 5, 5], [1, 1, 1, 0]).loc[:, ["side", "id", "class", "partner", "iou"]].values.tolist()
    [['truth', 1, 'poor boundary', 5, 0.5], ['prediction', 5, 'poor boundary', 1, 0.5]]
    """
    return object_frame(Pair(truth, pred, spacing_um=spacing_um, ignore=ignore))


def object_frame(pair: Pair, about: Mapping[str, Any] | None = None) -> DataFrame:
    """Return the object table of a pair as `object_table` describes it; `about` are columns of one value before it."""
    pandas = reading_pandas()
    table = pair.objects
    axes = len(table.truth.place.shape)
    spacing = checked_spacing(pair.spacing_um, axes)
    sides = [_columns(rows, spacing) for rows in (table.truth, table.pred)]
    sizes = [rows.place.ids.size for rows in (table.truth, table.pred)]
    columns: dict[str, Any] = dict(about or {})
    columns["side"] = pandas.Categorical.from_codes(np.repeat([0, 1], sizes), categories=list(SIDES))
    for name in sides[0]:
        columns[name] = np.concatenate([side[name] for side in sides])
    columns["class"] = pandas.Categorical.from_codes(columns["class"], categories=list(CLASSES))
    if pair.confidences is not None:
        columns["confidence"] = np.concatenate([np.full(sizes[0], np.nan), pair.ranked.confidences])
    made: DataFrame = pandas.DataFrame(columns, index=range(sum(sizes)))
    return made


def joined(frames: Sequence[DataFrame]) -> DataFrame:
    """Return object tables, at least one, below each other."""
    made: DataFrame = reading_pandas().concat(frames, ignore_index=True)
    return made


def strata(table: DataFrame, by: str, parts: int = 4) -> DataFrame:
    """Return what became of the truth objects of an object table, by size or by crowding: a line per stratum.

    `by` is a column of numbers, as "voxels" or "nearest_um"; its quantiles over all truth objects cut them into `parts`
    strata, and objects of one value stay together. Columns: `from` and `to` (included in the last stratum only),
    `objects`, `recall` (the share that is correct: IoU above one half; NaN for no object), and a count for each class.
    Objects for which `by` is undefined are left out.

    Raises `ConfigError` for a column that is not there or holds no numbers, and for less than one part.
    """
    numeric = [name for name in table.select_dtypes("number").columns if name not in ("id", "partner")]
    if by not in numeric:
        raise ConfigError(f"strata by '{by}': no such column of numbers{nearest(by, numeric)}")
    if parts < 1:
        raise ConfigError(f"strata: {parts} parts; accepted: from 1")
    truth = table[(table["side"] == "truth") & table[by].notna()]
    values = truth[by].to_numpy(np.float64)
    edges = np.quantile(values, np.linspace(0, 1, parts + 1)) if values.size else np.full(parts + 1, np.nan)
    stratum = np.searchsorted(edges[1:-1], values, side="right")
    names = [name for name in CLASSES if name != "spurious"]
    lines = []
    for part in range(parts):
        classes = truth["class"][stratum == part].value_counts()
        objects = int(classes.sum())
        recall = classes["correct"] / objects if objects else math.nan
        lines.append((edges[part], edges[part + 1], objects, recall, *(int(classes[name]) for name in names)))
    made: DataFrame = reading_pandas().DataFrame(lines, columns=["from", "to", "objects", "recall", *names])
    return made


def file_format(path: Path) -> Format:
    """Return what the suffix of a file asks for: "csv" or "parquet".

    Raises `ConfigError` for another suffix, `BackendError` for Parquet where its library is not installed.
    """
    suffix = path.suffix.lower().removeprefix(".")
    if suffix == "csv":
        return "csv"
    if suffix != "parquet":
        raise ConfigError(f"{path}: an object table is written as .csv or .parquet; found the suffix '{path.suffix}'")
    if find_spec("pyarrow") is None:
        raise BackendError(f"{path}: Parquet needs pyarrow, which is not installed; pip install pyarrow, or write .csv")
    return "parquet"


def write_objects(path: Path, table: DataFrame) -> None:
    """Write an object table as CSV or Parquet, by the suffix of `path`; the file appears whole or not at all.

    In CSV, text that a spreadsheet would take for a formula begins with an apostrophe. Raises what `file_format`
    raises, and `StoreError` where the disk refuses.
    """
    how = file_format(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            if how == "csv":
                _harmless(table).to_csv(partial, index=False, lineterminator="\n")
            else:
                table.to_parquet(partial, engine="pyarrow", index=False)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({error.strerror or error})") from error


def _columns(rows: ObjectRows, spacing: tuple[float, ...] | None) -> dict[str, np.ndarray]:
    """Return the columns of one side after `side`, with classes as numbers."""
    place = rows.place
    names = _axis_names(len(place.shape))
    columns = {"id": place.ids, "class": rows.classes, "voxels": place.voxels}
    if spacing is not None:
        columns["size_um" if len(names) == 1 else f"size_um{len(names)}"] = place.voxels * math.prod(spacing)
    for prefix, corners in (("low", place.low), ("high", place.high), ("centroid", place.centroid)):
        columns.update((f"{prefix}_{name}", corners[:, axis]) for axis, name in enumerate(names))
    if spacing is not None:
        um = place.centroid * np.array(spacing)
        columns.update((f"centroid_{name}_um", um[:, axis]) for axis, name in enumerate(names))
    columns["nearest" if spacing is None else "nearest_um"] = place.nearest(spacing)
    further = ("partner", "iou", "iot", "iop", "voi_split", "voi_merge")
    return {**columns, "touches_border": place.touches_border, **{name: getattr(rows, name) for name in further}}


def _axis_names(axes: int) -> tuple[str, ...]:
    """Return names of axes: z, y, x for the last three, numbers for those before."""
    return (*(f"axis{axis}" for axis in range(axes - 3)), *"zyx"[max(0, 3 - axes) :])


def _harmless(table: DataFrame) -> DataFrame:
    texts = table.select_dtypes(include=["object", "string"]).columns
    return table.assign(**{name: table[name].map(csv_value) for name in texts})
