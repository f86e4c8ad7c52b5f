"""Options of `harness score` for images that are larger than memory: who counts, and what it would take."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from harness.cli.output import columns, json_result, log, result
from harness.clock import spoken

if TYPE_CHECKING:
    from harness.datasets.readers import Labels, LazyLabels
    from harness.runner.blockwise_plan import CountingPlan


def add_parallel(parser: argparse.ArgumentParser) -> None:
    """Add --jobs, --scheduler, --dry-run, --expected-objects and --rate."""
    parser.add_argument(
        "--jobs",
        type=int,
        default=1,
        metavar="N",
        help="processes that read and count images on disk (Zarr, large HDF5 and NPY) at the same time (default: 1)",
    )
    parser.add_argument(
        "--scheduler",
        default="",
        metavar="ADDRESS",
        help="Dask scheduler whose machines read and count, in their stead",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="read nothing but the headers, say what counting by --jobs would take"
    )
    parser.add_argument(
        "--expected-objects",
        type=int,
        default=1_000_000,
        metavar="N",
        help="objects of each image, for --dry-run (default: a million)",
    )
    parser.add_argument(
        "--rate",
        type=float,
        default=0.5,
        metavar="GB/S",
        help="uncompressed labels that a process reads and counts, for --dry-run (default: 0.5)",
    )


def check_parallel(arguments: argparse.Namespace) -> None:
    """Raise `ConfigError` for numbers that are none."""
    from harness.errors import ConfigError

    if arguments.jobs < 1 or arguments.expected_objects < 1 or arguments.rate <= 0:
        raise ConfigError(
            f"--jobs is {arguments.jobs}, --expected-objects {arguments.expected_objects}, --rate {arguments.rate:g}; "
            "accepted: whole numbers from 1, and a rate above 0"
        )


def counting(prediction: str, truth: str, images: Sequence[Labels], arguments: argparse.Namespace) -> dict[str, Any]:
    """Return how `Pair` counts; {} for the usual way, in this process.

    `images` are the prediction and the truth. Chunks that a Zarr array lacks are named: they read as its fill value.
    """
    from harness.datasets.readers import LazyLabels
    from harness.runner.blockwise import Images, table_by_processes
    from harness.runner.blockwise_cluster import table_by_cluster

    for name, image in zip((prediction, truth), images, strict=True):
        if isinstance(image, LazyLabels):
            _say_what_is_missing(name, image)
    if arguments.jobs == 1 and not arguments.scheduler:
        return {}
    in_memory = [
        name for name, image in zip((prediction, truth), images, strict=True) if not isinstance(image, LazyLabels)
    ]
    if in_memory:
        log(f"harness: note: counted in this process, for {', '.join(in_memory)} is in memory already")
        return {}
    ignored = arguments.ignore if arguments.ignore is not None else arguments.ignore_value
    named = Images.named(truth, prediction, ignored)
    if arguments.scheduler:
        return {"count": lambda *_, **__: table_by_cluster(named, scheduler=arguments.scheduler)}
    return {"count": lambda *_, **__: table_by_processes(named, jobs=arguments.jobs)}


def show_plan(prediction: str, truth: str, arguments: argparse.Namespace) -> int:
    """Print what comparing two images would take."""
    from harness.runner.blockwise import Images
    from harness.runner.blockwise_plan import CountingPlan

    plan = CountingPlan.of(
        Images.named(truth, prediction).blocks(),
        workers=arguments.jobs,
        objects=arguments.expected_objects,
        bytes_per_s=arguments.rate * 1e9,
    )
    if arguments.json:
        json_result(_json(plan), one_line=True)
    else:
        result(_text(plan, arguments.rate))
    return 0


def _say_what_is_missing(name: str, image: LazyLabels) -> None:
    missing, chunks = image.missing_chunks()
    if missing:
        log(
            f"harness: note: {name}: {missing} of {chunks} chunks are not there and read as its fill value: programs "
            "leave out empty ones, but a copy that broke off looks the same"
        )


def _json(plan: CountingPlan) -> dict[str, Any]:
    return {
        "shape": list(plan.shape),
        "block": list(plan.block),
        "blocks": plan.blocks,
        "parts": plan.parts,
        "workers": plan.workers,
        "read_bytes": plan.read_bytes,
        "core_hours": plan.core_hours,
        "wall_s": plan.wall_s,
        "levels": [asdict(level) for level in plan.levels],
    }


def _text(plan: CountingPlan, rate: float) -> str:
    voxels = " x ".join(map(str, plan.shape))
    lines = [
        f"{voxels} voxels: {plan.read_bytes / 1e9:.4g} GB of uncompressed labels in both images",
        f"{plan.blocks} blocks of {' x '.join(map(str, plan.block))} voxels in {plan.parts} parts, each counted by one "
        "process, in memory that does not grow with voxels",
        f"about {plan.core_hours:.3g} core hours at {rate:g} GB/s, of them {plan.adding_s / 3600:.3g} for sums; "
        f"{plan.workers} processes take about {spoken(plan.wall_s)}",
        f"sums of label pairs, of {plan.objects} objects in each image:",
        columns(
            ("level", "tables", "MB of one", "s to add one", "GB of memory"),
            (
                (
                    str(number),
                    str(level.tables),
                    f"{level.bytes_each / 1e6:.4g}",
                    f"{level.seconds_each:.3g}" if number else "-",
                    f"{level.memory_bytes / 1e9:.3g}",
                )
                for number, level in enumerate(plan.levels)
            ),
        ),
    ]
    return "\n".join(lines)
