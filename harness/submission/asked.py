"""What a suite asks of a method that only hands in labels: its test samples, each with what is scored against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.bundles import MethodCard
from harness.datasets import Catalogue
from harness.errors import ConfigError, DataError, nearest
from harness.model import Cell, DataSelection, Sample, ScoredPair, Tier, Volume
from harness.project import Project
from harness.registry import MetricRegistry
from harness.scoring import Scores
from harness.stages.slots import TRUTH
from harness.stages.values import content_hash
from harness.suite import Selection, Suite
from harness.suite.declared import declared_contamination
from harness.worker.pairs import score_pair


@dataclass(frozen=True, eq=False)
class Asked:
    """A test sample and the pair that is scored. Not slotted: the sample is read when it is first needed, and kept."""

    data: DataSelection
    sample: str
    pair: ScoredPair
    catalogue: Catalogue
    metrics: MetricRegistry

    def __str__(self) -> str:
        return f"{self.data.dataset}/{self.sample}"

    @cached_property
    def read(self) -> Sample:
        """The sample; raises `DataError` where it cannot be had."""
        return self.catalogue.dataset(self.data.dataset).load(self.sample, channels=self.data.channels)

    def forget(self) -> None:
        """Let go of the sample; it is read again when it is needed again."""
        vars(self).pop("read", None)

    @property
    def image(self) -> Volume:
        """The image with the channels that the suite's rows read."""
        return self.read.image

    @property
    def truth(self) -> Volume:
        """The label image that is scored against."""
        return self.read.labels[self.data.truth]

    @cached_property
    def image_hash(self) -> str:
        """The hash of the image, by which labels are bound to it."""
        return content_hash(self.image)

    def scores(self, labels: Volume) -> Scores:
        """Return the scores of labels; raises `LabelError` for labels that cannot be compared."""
        ignored = self.pair.scope.ignore
        mask = self.read.labels[ignored] if isinstance(ignored, str) else None
        return score_pair(self.pair, labels, self.truth, self.metrics, mask=mask)


def chosen_tier(suite: Suite, tier: Tier | None) -> Tier:
    """Return a tier of a suite, by default its own; raises `ConfigError` for a data table and for a tier it has not."""
    if suite.kind == "data-table":
        raise ConfigError(f"suite '{suite.id}' is a data table: it asks for no label images")
    wanted = tier or suite.default_tier
    if wanted not in suite.tiers:
        raise ConfigError(f"suite '{suite.id}' has no tier '{wanted}'{nearest(wanted, suite.tiers)}")
    return wanted


def asked_samples(project: Project, suite: Suite, tier: Tier, row: str = "") -> tuple[Asked, ...]:
    """Return the test samples of a suite in the order of its cells, each once.

    `row` names the row whose data the method reads, where rows read a sample in several ways. Raises `ConfigError`
    where that has to be said and is not, or the data's samples are not known before they are at hand.
    """
    cells = project.cells(suite, tier, Selection.of(rows=[row] if row else None))
    by_sample: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        by_sample.setdefault((cell.data.dataset, cell.sample), []).append(cell)
    asked = []
    for (dataset, sample), alike in by_sample.items():
        found = project.catalogue.dataset(dataset)
        if sample not in found.sample_ids():
            raise DataError(f"suite '{suite.id}', tier '{tier}': dataset '{dataset}': {found.availability()}")
        ways = {(cell.data.channels, cell.data.truth, _labels_pair(cell)): cell for cell in alike}
        if len(ways) > 1:
            names = ", ".join(sorted({cell.row for cell in ways.values()})[:4])
            raise ConfigError(
                f"suite '{suite.id}', tier '{tier}': rows read sample '{dataset}/{sample}' in {len(ways)} ways; "
                f"say with --row which one the method reads alike, such as {names}"
            )
        one = alike[0]
        asked.append(Asked(one.data, sample, _labels_pair(one), project.catalogue, project.metrics))
    return tuple(asked)


def check_training(asked: Sequence[Asked], card: MethodCard) -> None:
    """Raise `DataError` for a method that was trained on what is tested, by what its own card says."""
    for one in asked:
        found = declared_contamination(one.catalogue, card, one.data.dataset, one.sample)
        if found.outcome == "overlapping":
            raise DataError(found.reason)


def _labels_pair(cell: Cell) -> ScoredPair:
    """Return the pair of a cell that compares the labels with the truth; raises `ConfigError` if it has none."""
    for pair in cell.scores:
        if not pair.name and pair.pred == "labels" and pair.truth == TRUTH:
            return pair
    raise ConfigError(f"{cell}: scores no label image against the truth, so that none can be handed in")
