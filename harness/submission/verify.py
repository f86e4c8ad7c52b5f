"""What the host makes of a bundle: every file held against the manifest, every score computed anew from the labels."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.bundles import Manifest, SubmittedSample, open_container, read_manifest, read_submitted
from harness.bundles.container import Container
from harness.errors import DataError, nearest
from harness.model import Volume
from harness.project import Project
from harness.scoring import Scores
from harness.submission.asked import Asked, asked_samples, check_training
from harness.submission.predictions import Together
from harness.submission.submit import written_scores
from harness.suite import Suite


@dataclass(frozen=True, slots=True)
class Verified:
    """A bundle whose every byte and score is right: what it says, its seal, and the scores that were computed here."""

    path: Path
    manifest: Manifest
    seal: str
    scores: Mapping[str, Scores]

    def means(self) -> dict[str, float]:
        """Return the plain mean of each metric over samples, NaN where one of them is."""
        every = list(self.scores.values())
        return {name: math.fsum(one.values[name] for one in every) / len(every) for name in every[0].values}


def verify(project: Project, path: Path) -> Verified:
    """Return a bundle with the scores that its labels have; nothing in it is executed, imported or unpickled.

    Raises `DataError` or `LabelError` with the first reason for which it cannot be trusted: bytes that were altered,
    members that do not belong there, samples that the suite does not ask for, labels of another image or grid, and
    scores that the labels do not have.
    """
    with open_container(path) as container:
        manifest = read_manifest(container)
        suite = _suite(project, path, manifest)
        asked = asked_samples(project, suite, manifest.tier, manifest.row)
        entries = {str(entry): entry for entry in manifest.samples}
        _check_samples(path, entries, asked)
        check_training(asked, manifest.method)
        together, scores = Together(), {}
        for one in asked:  # one sample is in memory at a time, however many a bundle has
            scores[str(one)] = _verified(container, entries[str(one)], one, together)
            one.forget()
    return Verified(path, manifest, container.seal, scores)


def _suite(project: Project, path: Path, manifest: Manifest) -> Suite:
    if manifest.suite not in project.suite_paths:
        raise DataError(f"{path}: is for suite '{manifest.suite}'{nearest(manifest.suite, project.suite_paths)}")
    suite = project.suite(manifest.suite)
    if suite.version != manifest.version:
        raise DataError(
            f"{path}: is for version {manifest.version} of suite '{suite.id}'; this is version {suite.version}"
        )
    if manifest.tier not in suite.tiers:
        raise DataError(f"{path}: is for tier '{manifest.tier}' of suite '{suite.id}', which has none of that name")
    rows = {row.id for row in suite.rows}
    if manifest.row and manifest.row not in rows:
        raise DataError(f"{path}: reads data like row '{manifest.row}' of '{suite.id}'{nearest(manifest.row, rows)}")
    if manifest.method.id in rows:
        raise DataError(f"{path}: its method is called '{manifest.method.id}' like a row of suite '{suite.id}'")
    return suite


def _check_samples(path: Path, entries: Mapping[str, SubmittedSample], asked: tuple[Asked, ...]) -> None:
    wanted = [str(one) for one in asked]
    absent = [name for name in wanted if name not in entries]
    if absent:
        raise DataError(f"{path}: has no labels of sample '{absent[0]}' ({len(absent)} of {len(wanted)} are missing)")
    extra = [name for name in entries if name not in wanted]
    if extra:
        raise DataError(f"{path}: has labels of '{extra[0]}', a sample that the suite does not test")


def _verified(container: Container, entry: SubmittedSample, one: Asked, together: Together) -> Scores:
    """Return the scores of a sample's labels; raises what `verify` raises."""
    labels = _labels(container, entry, one)
    together.check(one, labels.array)
    computed = one.scores(labels)
    problem = next(_differences(entry, computed), "")
    if problem:
        raise DataError(f"{container.path}: scores of '{entry}': {problem}")
    return computed


def _labels(container: Container, entry: SubmittedSample, one: Asked) -> Volume:
    if entry.image != one.image_hash:
        raise DataError(
            f"{container.path}: labels of '{entry}' were made for an image with hash {entry.image[:12]}…; "
            f"the suite's has {one.image_hash[:12]}…"
        )
    return read_submitted(container, entry, one.image.grid)


def _differences(entry: SubmittedSample, computed: Scores) -> Iterator[str]:
    found = written_scores(computed)
    absent = sorted(found.keys() - entry.scores.keys())
    if absent:
        yield f"the bundle states no '{absent[0]}'"
    extra = sorted(entry.scores.keys() - found.keys())
    if extra:
        yield f"the bundle states '{extra[0]}', which the suite does not compute"
    for name, value in found.items():
        if entry.scores[name] != value:
            yield f"'{name}' is stated as {entry.scores[name]}; the labels have {value}"
