"""What suites need to know of datasets; `harness.datasets.Catalogue` is one such catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from harness.errors import DataError
from harness.model import Fold


class AvailabilityView(Protocol):
    """Whether a dataset's data can be had here, and if not why and how."""

    @property
    def ok(self) -> bool:
        """True if the data is present or can be fetched."""

    @property
    def reason(self) -> str:
        """Why it cannot be had."""

    @property
    def how(self) -> str:
        """What the user can do."""


class OriginView(Protocol):
    """The sample of another dataset that holds the same voxels."""

    @property
    def dataset(self) -> str:
        """Id of the other dataset."""

    @property
    def sample(self) -> str:
        """Id of the sample there."""

    @property
    def crop(self) -> tuple[tuple[int, int], ...]:
        """Start and stop per spatial axis; empty for all of it, or an unknown part."""


class TrainingDataView(Protocol):
    """Samples of one dataset that weights have seen: named, or those of a fold."""

    @property
    def dataset(self) -> str:
        """Id of the dataset."""

    @property
    def samples(self) -> tuple[str, ...]:
        """Sample ids; empty where a fold is named."""

    @property
    def split(self) -> str:
        """Name of a split; its fold's training and validation samples were seen."""

    @property
    def fold(self) -> str:
        """Id of the fold."""


class SampleView(Protocol):
    """What is declared of a sample."""

    @property
    def source(self) -> str | None:
        """Id of the sample it is a crop of; None if it is not a crop."""

    @property
    def crop(self) -> tuple[tuple[int, int], ...]:
        """Start and stop per spatial axis of the source; empty for all of it."""

    @property
    def tags(self) -> tuple[str, ...]:
        """Names of groups the sample belongs to; a single one is its name in the source."""

    @property
    def origin(self) -> OriginView | None:
        """Where the sample also lies in another dataset."""


class DeclarationView(Protocol):
    """What is declared of a dataset."""

    @property
    def availability(self) -> str:
        """Class of availability."""

    @property
    def licence(self) -> str:
        """Licence of the data."""

    @property
    def labels(self) -> Mapping[str, Any]:
        """Declared label images by name; derived ones have a `source`."""

    @property
    def samples(self) -> Mapping[str, SampleView]:
        """Declared samples by id; those found in a folder need no declaration."""


class DatasetView(Protocol):
    """The declared facts of a dataset; none of them needs its data."""

    @property
    def id(self) -> str:
        """Name of the dataset."""

    @property
    def declaration(self) -> DeclarationView:
        """What `datasets.toml` says of it."""

    @property
    def splits(self) -> Mapping[str, tuple[Fold, ...]]:
        """Folds by the name of the split."""

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the image channels."""

    @property
    def label_names(self) -> tuple[str, ...]:
        """Names of the label images."""

    @property
    def ndim(self) -> int:
        """2, 3, or 0 where samples differ."""

    def sample_ids(self) -> tuple[str, ...]:
        """Return the samples in declared order."""

    def sample_hash(self, sample_id: str, /) -> str:
        """Return the content hash of a sample."""

    def availability(self) -> AvailabilityView:
        """Return whether the data can be had."""


class FileView(Protocol):
    """What is declared of a file."""

    @property
    def checksum(self) -> str:
        """The checksum that a source states, "" for none."""


class RecipeView(Protocol):
    """How weights are trained here."""

    @property
    def stage(self) -> str:
        """Id of the stage."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Its parameters."""

    @property
    def dataset(self) -> str:
        """Id of the dataset it learns from."""

    @property
    def samples(self) -> Sequence[str]:
        """Ids of the training samples."""

    @property
    def validation(self) -> Sequence[str]:
        """Ids of the validation samples."""

    @property
    def channels(self) -> Sequence[str]:
        """Image channels; empty for all."""

    @property
    def truth(self) -> str:
        """Label image that is learned."""


class WeightsDeclarationView(Protocol):
    """What is declared of weights."""

    @property
    def files(self) -> Sequence[FileView]:
        """Its files."""

    @property
    def availability(self) -> str:
        """Class of availability."""

    @property
    def recipe(self) -> RecipeView | None:
        """How they are trained here; None for files."""

    @property
    def seen(self) -> Sequence[TrainingDataView]:
        """What trained them or chose the checkpoint, as far as it is registered."""


class WeightsView(Protocol):
    """A weights entry."""

    @property
    def declaration(self) -> WeightsDeclarationView:
        """What `datasets.toml` says of it."""

    def hash(self) -> str:
        """Return what identifies its content; needs no network."""


class CatalogueView(Protocol):
    """Datasets and weights by id; unknown ids raise `RegistryError`."""

    def dataset(self, dataset_id: str, /) -> DatasetView:
        """Return a dataset."""

    def dataset_ids(self) -> Sequence[str]:
        """Return every dataset id."""

    def weights(self, weights_id: str, /) -> WeightsView:
        """Return a weights entry."""

    def weight_ids(self) -> Sequence[str]:
        """Return every weights id."""


def content_of(dataset: DatasetView, sample: str) -> str:
    """Return the content hash of a sample; a text naming the sample where its data is not here to be hashed.

    Raises `DataError` if the data is here and cannot be hashed.
    """
    try:
        return dataset.sample_hash(sample)
    except DataError:
        if dataset.availability().ok:
            raise
        return f"unavailable: {dataset.id}/{sample}"
