"""Options of `harness score` on what of an image is compared, and how a folder of images becomes one value."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from harness.model import Aggregation

if TYPE_CHECKING:
    from harness.metrics import Metric
    from harness.scoring import Scores

UNDEFINED = ("by-metric", "spreads", "left-out", "worst")


def add_compared(parser: argparse.ArgumentParser) -> None:
    """Add --ignore, --ignore-value, --ignore-crowds, --border, --border-px and --sparse."""
    ignored = parser.add_mutually_exclusive_group()
    ignored.add_argument(
        "--ignore", metavar="FILE", help="image of GT's shape, or a folder of them: voxels that are not 0 count nowhere"
    )
    ignored.add_argument("--ignore-value", type=int, metavar="N", help="voxels with this label of GT count nowhere")
    ignored.add_argument(
        "--ignore-crowds", action="store_true", help="pixels of the crowds ('iscrowd') of a COCO file GT count nowhere"
    )
    parser.add_argument(
        "--border",
        choices=("keep", "drop"),
        default="keep",
        help="what becomes of objects of either image that touch its border (default: keep)",
    )
    parser.add_argument(
        "--border-px", type=int, default=1, metavar="N", help="width of the border in voxels (default: 1)"
    )
    parser.add_argument(
        "--sparse",
        action="store_true",
        help="GT holds only some of the objects: metrics that count the others as wrong are refused",
    )


def compared(arguments: argparse.Namespace, mask: Any = None) -> dict[str, Any]:
    """Return what `Pair` is to be told of its images; `mask` is what --ignore or --ignore-crowds names."""
    return {
        "ignore": arguments.ignore_value if mask is None else mask,
        "border": arguments.border,
        "border_px": arguments.border_px,
        "sparse": arguments.sparse,
    }


def masks_by_name(arguments: argparse.Namespace) -> Mapping[str, Path]:
    """Return the ignore masks of a folder by the names of their images.

    Raises `ConfigError` if --ignore is no folder, where PRED and GT are, and for two masks of one name.
    """
    from harness.errors import ConfigError
    from harness.pairing import name_of

    if arguments.ignore is None:
        return {}
    folder = Path(arguments.ignore)
    if not folder.is_dir():
        raise ConfigError(f"--ignore {folder} is no folder; accepted beside two folders: a folder of their names")
    masks: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        name = name_of(path)
        if name in masks:
            raise ConfigError(
                f"--ignore {folder}: two masks of one name, {masks[name].name} and {path.name}; leave one"
            )
        if name:
            masks[name] = path
    return masks


def add_set(parser: argparse.ArgumentParser) -> None:
    """Add --aggregation, --group-by and --undefined."""
    parser.add_argument(
        "--aggregation",
        choices=get_args(Aggregation),
        default="per-image",
        help="how folders become one value: mean of images, mean of groups (--group-by), or pooled counts",
    )
    parser.add_argument(
        "--group-by",
        metavar="REGEX",
        help="what of a name is its data set, for --aggregation per-dataset: the match, or its first group",
    )
    parser.add_argument(
        "--undefined",
        choices=UNDEFINED,
        default="by-metric",
        help="what an image where a metric is undefined makes of a mean (default: the metric's own rule)",
    )


def group_names(names: Sequence[str], arguments: argparse.Namespace) -> list[str] | None:
    """Return the data set of each name; None without --group-by.

    Raises `ConfigError` for a pattern that is none, and for a name that it does not match.
    """
    from harness.errors import ConfigError

    if arguments.group_by is None:
        if arguments.aggregation == "per-dataset":
            raise ConfigError("--aggregation per-dataset needs --group-by: which part of a name is its data set")
        return None
    try:
        pattern = re.compile(arguments.group_by)
    except re.error as error:
        raise ConfigError(f"--group-by {arguments.group_by!r} is no regular expression: {error}") from error
    groups = []
    for name in names:
        found = pattern.search(name)
        if found is None:
            raise ConfigError(f"--group-by {arguments.group_by!r} matches nothing in the name '{name}'")
        groups.append(found[1] if pattern.groups and found[1] is not None else found[0])
    return groups


def set_means(
    scores: Sequence[Scores], names: Sequence[str], metrics: Sequence[Metric], arguments: argparse.Namespace
) -> list[dict[str, Any]]:
    """Return for each metric: its value over a set of images, the interval of it, and how many images it is of.

    The interval is that of a mean over images, over data sets and the images in them, or of pooled counts. Bounds are
    None where too few images decide nothing, or an undefined image made the mean undefined.
    """
    from harness.metrics.means import worst_of
    from harness.metrics.pooling import pooled_interval
    from harness.scoring import aggregated
    from harness.statistics import nested_interval

    undefined = arguments.undefined.replace("-", " ")
    groups = group_names(names, arguments)
    values = aggregated(scores, metrics, arguments.aggregation, groups=groups, undefined=undefined)
    paths = [(group, name) for group, name in zip(groups or [""] * len(names), names, strict=True)]
    if arguments.aggregation == "per-image":
        paths = [("", name) for name in names]
    found = []
    for metric in metrics:
        own = {path: one.values[metric.id] for path, one in zip(paths, scores, strict=True)}
        defined = {path: value for path, value in own.items() if math.isfinite(value)}
        mean = values[metric.id]
        if arguments.aggregation == "pooled":
            interval = pooled_interval(metric, [one.counts for one in scores])
        else:
            counted = own if undefined == "worst" else defined
            if len(defined) < len(counted):
                counted = {path: defined[path] if path in defined else worst_of(metric) for path in own}
            is_known = math.isfinite(mean) and counted
            interval = nested_interval(list(counted.values()), list(counted)) if is_known else None
        found.append(
            {
                "metric": metric.id,
                "mean": mean if math.isfinite(mean) else None,
                "low": None if interval is None else interval.low,
                "high": None if interval is None else interval.high,
                "n": len(defined),
                "undefined": len(own) - len(defined),
            }
        )
    return found


def means_notes(
    metrics: Iterable[Metric], means: Iterable[Mapping[str, Any]], arguments: argparse.Namespace
) -> list[str]:
    """Return what must be read with the means: what is compared, how they are taken, what undefined images do."""
    from harness.metrics.means import rules_in_words
    from harness.model import Scope

    ignored = arguments.ignore if arguments.ignore is not None else arguments.ignore_value
    scope = Scope(ignored, arguments.border, arguments.border_px, arguments.sparse).words
    rules = {metric.id: metric.nan_rule for metric in metrics}
    undefined = {mean["metric"]: rules[mean["metric"]] for mean in means if mean["undefined"]}
    notes = [f"images of one value: {arguments.aggregation}", *([f"compared: {scope}"] if scope else [])]
    return [*notes, *rules_in_words(undefined, arguments.undefined.replace("-", " "))]
