"""Score label images: TIFF, PNG, NPY, HDF5 (file.h5:key), Zarr or outlines, or two folders of them; numbers out."""

from __future__ import annotations

import argparse
import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli.compared import add_compared, add_set, compared, group_names, masks_by_name, means_notes, set_means
from harness.cli.confidences import read_confidences
from harness.cli.options import add_json, add_project
from harness.cli.output import columns, json_result, log, result
from harness.cli.parallel import add_parallel, check_parallel, counting, show_plan
from harness.cli.remarks import mask_remarks
from harness.cli.spacing import spacing_of
from harness.escaping import csv_value

if TYPE_CHECKING:
    from pandas import DataFrame

    from harness.datasets.readers import Labels
    from harness.project import Project
    from harness.scoring import Scores

HELP = "score a label image, or a folder of them, against the truth"
INCOMPLETE = 3


@dataclass(frozen=True, slots=True)
class Scored:
    """One line: the files of a name, their scores and object table if it is asked for, or why there are none."""

    name: str
    prediction: str
    truth: str
    scores: Scores | None = None
    problem: str = ""
    objects: DataFrame | None = None

    @property
    def metrics(self) -> dict[str, float]:
        """Metric id -> value; empty without scores."""
        return {} if self.scores is None else self.scores.values


class _OpenList(argparse.Action):
    """A list of any length; files and folders named after it are PRED and GT, which it would swallow."""

    inputs: tuple[argparse.Action, ...] = ()

    def __call__(
        self, parser: Any, namespace: argparse.Namespace, values: Any, option_string: str | None = None
    ) -> None:
        own = [value for value in values if self.is_own(value)]
        files = [value for value in values if value not in own]
        setattr(namespace, self.dest, [*(getattr(namespace, self.dest) or ()), *own])
        namespace.swallowed = [*namespace.swallowed, *files]
        for action in self.inputs if files else ():
            action.required = False

    def is_own(self, value: str) -> bool:
        """Whether a word is of the list."""
        return not _is_place(value)


class _Sizes(_OpenList):
    """Whole numbers."""

    def is_own(self, value: str) -> bool:
        """Whether a word is a number."""
        return value.isdecimal()


class _Spacing(_OpenList):
    """Numbers, and words that were meant as such and are then named."""

    def is_own(self, value: str) -> bool:
        """Whether a word is a number, or at least no file or folder."""
        return value.replace(".", "", 1).isdecimal() or super().is_own(value)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    inputs = (
        parser.add_argument(
            "prediction", metavar="PRED", help="predicted label image (or COCO, GeoJSON, ImageJ ROIs), or a folder"
        ),
        parser.add_argument("truth", metavar="GT", help="ground-truth label image, or a folder with the same names"),
    )
    metrics = parser.add_argument(
        "--metric",
        dest="metrics",
        action=_OpenList,
        nargs="+",
        metavar="ID",
        help="only these metrics, in this order (default: every registered one of the overlap of objects)",
    )
    spacing = parser.add_argument(
        "--spacing",
        action=_Spacing,
        nargs="+",
        metavar="UM",
        help="size of a voxel in micrometres, one number per axis (Z Y X or Y X), for metrics of surfaces; without it "
        "the one that the files state; 1 for each axis to measure in voxels",
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write a line per pair of files as CSV")
    parser.add_argument(
        "--objects",
        type=Path,
        metavar="FILE",
        help="write a line per object of both images as .csv or .parquet: class of error, place, partner, overlaps",
    )
    size = parser.add_argument(
        "--shape",
        action=_Sizes,
        nargs="+",
        metavar="N",
        help="size of the image (Y X or Z Y X) where both sides are outlines (GeoJSON, ImageJ ROIs) without one",
    )
    add_parallel(parser)
    add_compared(parser)
    add_set(parser)
    add_project(parser)
    parser.set_defaults(swallowed=[])
    for action in (metrics, spacing, size):
        if isinstance(action, _OpenList):
            action.inputs = inputs
    parser.add_argument(
        "--confidences",
        type=Path,
        metavar="FILE",
        help='how sure the method is of each object of PRED, for coco.*: JSON {"label": number}, CSV label,confidence',
    )
    add_json(parser)


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Print the scores; a value that its convention leaves undefined is null in JSON."""
    from harness.datasets.readers import one_trial
    from harness.errors import ConfigError
    from harness.pairing import are_collections, is_plain_folder
    from harness.scoring import wanted_metrics

    if arguments.objects is not None:
        from harness.objects import file_format

        file_format(arguments.objects)
    given = [value for value in (arguments.prediction, arguments.truth, *arguments.swallowed) if value is not None]
    if len(given) != 2:
        raise ConfigError(f"score needs PRED and GT, two files or two folders; found {', '.join(given) or 'none'}")
    prediction, truth = given
    check_parallel(arguments)
    if arguments.dry_run:
        return show_plan(prediction, truth, arguments)
    arguments.metrics = wanted_metrics(
        arguments.metrics, project.metrics, sparse=arguments.sparse, aggregation=arguments.aggregation
    )
    if are_collections(Path(prediction), Path(truth)):
        if arguments.confidences is not None:
            raise ConfigError("--confidences are those of one prediction; accepted: two files")
        return _score_folders(Path(prediction), Path(truth), arguments)
    if any(is_plain_folder(Path(value)) for value in given):
        raise ConfigError(f"{prediction}, {truth}: one is a folder and one is not; accepted: two files or two folders")
    with one_trial():
        scored = _scores(Path(truth).name, prediction, truth, arguments.ignore, arguments)
    _write_files([scored], arguments)
    if arguments.json:
        json_result({"metrics": _finite(scored.metrics)}, one_line=True)
    else:
        result(columns(("metric", "value"), ((name, _text(value)) for name, value in scored.metrics.items())))
    return 0


def _score_folders(predictions: Path, truths: Path, arguments: argparse.Namespace) -> int:
    """Score every pair of equal names, print one value of them all, and return 3 if a file was left out."""
    from harness.datasets.readers import one_trial
    from harness.pairing import pair_folders

    masks, pairs = masks_by_name(arguments), pair_folders(predictions, truths)
    group_names([pair.name for pair in pairs], arguments)
    with one_trial():
        lines = [_scored(pair, masks, arguments) for pair in pairs]
    for line in lines:
        if line.problem:
            log(f"harness: {line.name}: {line.problem}")
    _write_files(lines, arguments)
    whole = {line.name: line.scores for line in lines if line.scores is not None}
    means = set_means(list(whole.values()), list(whole), arguments.metrics, arguments) if whole else []
    notes = means_notes(arguments.metrics, means, arguments)
    left_out = sum(bool(line.problem) for line in lines)
    if arguments.json:
        shown = [
            {"name": line.name, "problem": line.problem or None, "metrics": _finite(line.metrics)} for line in lines
        ]
        json_result({"pairs": shown, "means": {mean.pop("metric"): mean for mean in means}, "notes": notes})
    else:
        texts = [
            (mean["metric"], *(_text(mean[key]) for key in ("mean", "low", "high")), _image_count(mean))
            for mean in means
        ]
        result(columns(("metric", "value", "95 % from", "to", "images"), texts))
        for note in notes:
            result(note)
        if left_out:
            result(f"{left_out} of {len(lines)} names have no scores")
    return INCOMPLETE if left_out else 0


def _image_count(mean: dict[str, Any]) -> str:
    """Return how many images a value is of, with those where the metric is undefined."""
    undefined = f" ({mean['undefined']} undefined)" if mean["undefined"] else ""
    return f"{mean['n']}{undefined}"


def _scored(pair: Any, masks: Mapping[str, Path], arguments: argparse.Namespace) -> Scored:
    from harness.errors import DataError, LabelError

    files = (pair.prediction, pair.truth)
    if pair.problem:
        return Scored(pair.name, *files, problem=pair.problem)
    if arguments.ignore is not None and pair.name not in masks:
        return Scored(pair.name, *files, problem=f"no ignore mask of this name in {arguments.ignore}")
    try:
        return _scores(pair.name, *files, masks.get(pair.name), arguments)
    except (DataError, LabelError) as error:  # it is the line's reason, and the others are scored
        return Scored(pair.name, *files, problem=str(error))


def _scores(name: str, prediction: str, truth: str, ignore: str | Path | None, arguments: argparse.Namespace) -> Scored:
    from harness.metrics import Pair
    from harness.scoring import measure

    images = _images((prediction, truth), arguments)
    is_needed = arguments.objects is not None or any(
        metric.needs not in ("overlap", "ranked") for metric in arguments.metrics
    )
    mask = _ignored(truth, ignore, images[1].shape, arguments)
    pair = Pair(
        truth=images[1],
        pred=images[0],
        spacing_um=spacing_of(prediction, truth, arguments.spacing, axes=images[1].ndim, needed=is_needed),
        confidences=None if arguments.confidences is None else read_confidences(arguments.confidences),
        **compared(arguments, mask),
        **counting(prediction, truth, images, arguments),
    )
    scores = measure(pair, arguments.metrics)
    for file, remark in zip((prediction, truth), mask_remarks(pair), strict=True):
        if remark:
            log(f"harness: note: {file}: {remark}")
    if arguments.objects is None:
        return Scored(name, prediction, truth, scores)
    from harness.objects import object_frame

    return Scored(name, prediction, truth, scores, objects=object_frame(pair, {"name": name}))


def _ignored(truth: str, ignore: str | Path | None, shape: tuple[int, ...], arguments: argparse.Namespace) -> Any:
    """Return the mask of what counts nowhere: that of --ignore, or the crowds of GT; None for neither."""
    from harness.datasets.readers import read_crowds, read_labels, split_key

    if arguments.ignore_crowds:
        return read_crowds(*split_key(truth), shape=shape)
    return None if ignore is None else read_labels(str(ignore), shape=shape)


def _images(names: tuple[str, str], arguments: argparse.Namespace) -> list[Labels]:
    """Return both label images; outlines have the size of the other one, unless it is given."""
    from harness.datasets.readers import holds_outlines, read_labels, split_key, stated_shape
    from harness.errors import LabelError

    shape = tuple(int(size) for size in arguments.shape) if arguments.shape else None
    if shape is not None and (len(shape) not in (2, 3) or 0 in shape):
        raise LabelError(f"--shape is {' '.join(arguments.shape)}; accepted: Y X or Z Y X, from 1")
    places = [split_key(name) for name in names]
    outlined = [holds_outlines(path) for path, _ in places]
    if shape is None and all(outlined):
        shape = next((found for path, key in places if (found := stated_shape(path, key))), None)
    read: dict[int, Labels] = {}
    for side in sorted((0, 1), key=lambda side: outlined[side]):
        other = read[1 - side].shape if 1 - side in read else None
        read[side] = read_labels(names[side], shape=shape or other, note=lambda line: log(f"harness: note: {line}"))
    return [read[0], read[1]]


def _names(lines: Iterable[Scored]) -> list[str]:
    return list(dict.fromkeys(name for line in lines for name in line.metrics))


def _write_files(lines: Sequence[Scored], arguments: argparse.Namespace) -> None:
    """Write what --csv and --objects ask for."""
    if arguments.csv is not None:
        _write_csv(arguments.csv, lines)
    if arguments.objects is None:
        return
    from harness.objects import joined, write_objects

    tables = [line.objects for line in lines if line.objects is not None]
    if not tables:
        log(f"harness: {arguments.objects}: not written: no pair could be compared")
        return
    write_objects(arguments.objects, joined(tables))
    log(f"wrote {arguments.objects}")


def _write_csv(path: Path, lines: Sequence[Scored]) -> None:
    from harness.store.files import replace_text

    text = io.StringIO()
    names = _names(lines)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["name", "prediction", "truth", "problem", *names])
    writer.writerows(_csv_cells(lines, names))
    replace_text(path, text.getvalue())
    log(f"wrote {path}")


def _csv_cells(lines: Iterable[Scored], names: Sequence[str]) -> Iterator[list[Any]]:
    for line in lines:
        values = _finite(line.metrics)
        cells = (line.name, line.prediction, line.truth, line.problem, *(values.get(name) for name in names))
        yield [csv_value(cell) for cell in cells]


def _is_place(value: str) -> bool:
    """Whether a word after --metric names a file or folder: it is no metric, and exists or looks like a path."""
    from harness.datasets.readers import split_key
    from harness.pairing import name_of
    from harness.registry import metrics

    path, _ = split_key(value)
    return value not in metrics() and (path.exists() or "/" in value or name_of(path) is not None)


def _finite(metrics: dict[str, float]) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in metrics.items()}


def _text(value: float | None) -> str:
    return "-" if value is None else "undefined" if math.isnan(value) else f"{value:.6g}"
