"""What `datasets.toml` may say: every key of a dataset, a weight file and their parts, strictly typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, StrictBool, StrictInt, Tag, field_validator, model_validator

from harness.archives import is_plain_relative
from harness.config import Strict
from harness.datasets.declared.channels import with_channels
from harness.datasets.fetching.places import is_relative_pattern

AvailabilityClass = Literal[
    "open-direct-download", "open-registration-required", "private-never-released", "embedded", "generated", "local"
]
"""open-direct-download        anyone may fetch it from the addresses given
open-registration-required  a form or a login stands before the download
private-never-released      no public copy is known
embedded                    lies in an installed Python package
generated                   made from parameters and a seed, or trained here by a recipe
local                       lies in a folder of this machine
"""

Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
SampleIdentifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*$")]
SpatialAxes = Literal["YX", "ZYX"]
AxisLetter = Literal["Z", "Y", "X"]
Interval = tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=1)]]
Spacing = tuple[Annotated[float, Field(gt=0)], ...]
Rate = Annotated[float, Field(ge=0, le=1)]
Strings = tuple[str, ...]
Size = tuple[Annotated[int, Field(ge=1)], ...]


class Listing(Strict):
    """An archive that lists its own files, for files whose address or checksum no other source states."""

    archive: Literal["biostudies", "zenodo", "osf"]
    record: str
    base: str = ""
    """Address of the archive; "" is the public one."""


class FileDeclaration(Strict):
    """One file as its publisher offers it. The name is that in the cache and in a mirror."""

    name: str
    urls: Strings = ()
    sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    md5: str = Field(default="", pattern=r"^([0-9a-f]{32})?$")
    xxh128: str = Field(default="", pattern=r"^([0-9a-f]{32})?$")
    checksum_by: str = ""
    size: int | None = Field(default=None, ge=0)
    listing: Listing | None = None
    match: Strings = ()
    """Patterns of paths in the listing, tried in order; one pattern must match one file, or a folder with `many`."""
    many: bool = False
    first_seen: bool = False
    """No public source states a checksum: the one of the first download is kept in the lock file."""
    note: str = ""

    @property
    def checksum(self) -> str:
        """The declared checksum as "algorithm:hex", strongest first; "" where none is declared."""
        for algorithm in ("sha256", "xxh128", "md5"):
            value: str = getattr(self, algorithm)
            if value:
                return f"{algorithm}:{value}"
        return ""

    @model_validator(mode="after")
    def _complete(self) -> FileDeclaration:
        if not is_plain_relative(self.name):
            raise ValueError(f"file name '{self.name}' must be a relative path without '..'")
        if self.many and not self.match:
            raise ValueError(f"file '{self.name}': `many` needs `match`")
        return self


class ArraySource(Strict):
    """Where one array of a sample lies, and what must be done to read it as declared.

    `{id}` and the sample's `fields` are filled into `file`, `member`, `parts` and `key`.
    """

    file: str = ""
    glob: str = ""
    """Folder datasets only: pattern of files, one per sample, whose id `{id}` stands for; without it their stems."""
    member: str | Strings = ()
    """Path or pattern inside the archive `file`; several are tried in order."""
    parts: str | Strings = ()
    """Names or patterns of the further files that hold a part of the array: of an OME-TIFF set, of a virtual HDF5
    dataset, of external HDF5 storage. They lie where `file` does (members, where it is an archive), `{id}` and fields
    are filled in, and the sample's hash covers them."""
    key: str | Strings = ()
    """HDF5 or Zarr path; several are tried in order."""
    axes: str = ""
    """Axes of the stored array, if it has more than the dataset's, such as "CZYX"."""
    select: Mapping[str, int] = Field(default_factory=dict)
    """Index to take on a stored axis, such as { C = 0 }."""
    flip: tuple[AxisLetter, ...] | None = None
    drop_last: tuple[AxisLetter, ...] | None = None
    colour: Literal["", "grey", "labels"] = ""
    """grey: ITU-R BT.601 luminance of a colour image; labels: each RGB colour is one label."""
    background: int = 0
    """Stored value that means background; it becomes 0 (and 0 must not occur elsewhere)."""
    channels: int = Field(default=0, ge=0)
    """Images only: so many channels along the axis C, which are images of their own, named <name>-01, <name>-02, …"""
    components: bool = False
    """Each connected component (full connectivity) of the non-zero voxels is an object."""
    min_size: int = Field(default=0, ge=0)
    """Labels only: objects of fewer voxels in the whole array are background: splinters of an annotation."""

    @field_validator("parts")
    @classmethod
    def _parts_are_relative(cls, parts: str | Strings) -> str | Strings:
        for pattern in (parts,) if isinstance(parts, str) else parts:
            cls._relative(pattern)
        return parts

    @field_validator("glob")
    @classmethod
    def _relative(cls, pattern: str) -> str:
        if pattern and not is_relative_pattern(pattern):
            raise ValueError("must be a relative pattern in which '**' stands alone between slashes, as 'raw/**/*.tif'")
        return pattern


class DerivedLabels(Strict):
    """Labels made from another label image by documented errors (see `harness.datasets.phantoms.corruption`)."""

    derive: Literal["corrupt"]
    source: str = Field(alias="from")
    merges: Rate = 0.0
    splits: Rate = 0.0
    misses: Rate = 0.0
    seed: int = Field(default=0, ge=0)


def _label_tag(value: Any) -> str:
    keys = value if isinstance(value, dict) else getattr(type(value), "model_fields", ())
    return "derived" if "derive" in keys else "stored"


LabelSource: TypeAlias = Annotated[
    Annotated[ArraySource, Tag("stored")] | Annotated[DerivedLabels, Tag("derived")], Discriminator(_label_tag)
]


class Origin(Strict):
    """The sample of another dataset that holds the same voxels."""

    dataset: str
    sample: str
    crop: tuple[Interval, ...] = ()
    """[start, stop) per spatial axis of that sample, in voxels; empty: all of it, or an unknown part."""


class PlaneRange(Strict):
    """Indices of planes: start, start + step, … below stop."""

    start: int = Field(default=0, ge=0)
    stop: int | None = Field(default=None, ge=1)
    """Without it the planes end with the sample's crop or declared shape."""
    step: int = Field(default=1, ge=1)


class Planes(Strict):
    """Planes of a volume as 2D samples: "1135" along Z gives "1135-z000", "1135-z020", …, and is itself none."""

    Z: PlaneRange | None = None
    Y: PlaneRange | None = None
    X: PlaneRange | None = None
    at_least: int = Field(default=0, ge=0)
    """Planes with fewer objects (in the first label image) are left out, once the data are here to be counted."""

    @property
    def chosen(self) -> tuple[AxisLetter, PlaneRange]:
        """The axis that the planes are perpendicular to, and their indices on it."""
        letters: tuple[AxisLetter, ...] = ("Z", "Y", "X")
        return next((letter, found) for letter in letters if (found := getattr(self, letter)) is not None)

    @model_validator(mode="after")
    def _one_axis(self) -> Planes:
        if sum(found is not None for found in (self.Z, self.Y, self.X)) != 1:
            raise ValueError("planes are taken along one axis: Z, Y or X")
        return self


class SampleDeclaration(Strict):
    """One sample, or a crop of another one; what it sets overrides the dataset."""

    source: SampleIdentifier | None = Field(default=None, alias="from")
    crop: tuple[Interval, ...] = ()
    """[start, stop) per spatial axis of the source sample, in voxels."""
    origin: Origin | None = None
    """Where the sample also lies, so that weights trained there are not tested here."""
    fields: Mapping[str, str] = Field(default_factory=dict)
    tags: Strings = ()
    axes: SpatialAxes | None = None
    spacing_um: Spacing = ()
    shape: tuple[int, ...] = ()
    objects: Mapping[str, int] = Field(default_factory=dict)
    """Number of objects by label name, as counted by the publisher or by us."""
    drop_last: tuple[AxisLetter, ...] = ()
    images: Mapping[str, ArraySource] = Field(default_factory=dict)
    labels: Mapping[str, ArraySource] = Field(default_factory=dict)
    parameters: Mapping[str, Any] = Field(default_factory=dict)
    """Generated datasets only: what differs from the parameters of the dataset."""
    planes: Planes | None = None
    resize: Size = ()
    note: str = ""


class PlaneSample(SampleDeclaration):
    """A plane of another sample, made from `planes`: its index on one of the spatial axes of that sample."""

    plane_axis: int
    plane_index: int


class FoldDeclaration(Strict):
    """One fold of a split: sample ids, patterns of them, or "@tag"."""

    id: str = ""
    test: Strings = ()
    train: Strings = ()
    validation: Strings = ()
    shared: str = ""
    """The reason why a sample may stand in two roles; without it that is an error."""


class IgnoredRegion(Strict):
    """A label image that says what of a sample is not to be scored: voxels where it is not 0."""

    image: str


class DatasetBase(Strict):
    """What every kind of dataset declares."""

    availability: AvailabilityClass
    title: str
    licence: str
    citation: str
    landing: str = ""
    note: str = ""
    collections: tuple[Identifier, ...] = ()
    """Collections of images that the samples were taken from: weights of the same collection may have seen them."""
    known_as: tuple[str, ...] = ()
    """Ids of the same images in the BioImage.IO collection, by which descriptions of models name what trained them."""
    planes: Planes | None = None
    """Every sample is given as its planes."""
    resize: Size = ()
    """Size per spatial axis that samples are brought to: images linearly, labels by the nearest voxel."""
    ignore: StrictInt | IgnoredRegion | None = None
    """A label of the truth whose voxels are not to be scored, or { image = "…" }, a label image of such voxels."""
    sparse: StrictBool = False
    """The truth holds only some of the objects: metrics that count the others as wrong are refused."""
    splits: Mapping[Identifier, tuple[FoldDeclaration, ...]] = Field(default_factory=dict)
    folds: int | None = Field(default=None, ge=2)
    """Number of folds of the split "folds": every sample is tested once, the next fold validates (from three on), the
    others train. Crops are left out, and planes of one volume stay together."""
    samples: Mapping[SampleIdentifier, SampleDeclaration] = Field(default_factory=dict)


class StoredDataset(DatasetBase):
    """A dataset read from files."""

    axes: SpatialAxes | None = None
    spacing_um: Spacing = ()
    spacing_tolerance: float = Field(default=0.01, ge=0, le=0.5)
    """Largest relative difference between the spacing of a file and the declared one."""
    images: Mapping[str, ArraySource] = Field(default_factory=dict)
    labels: Mapping[str, LabelSource] = Field(default_factory=dict)
    files: tuple[FileDeclaration, ...] = ()
    crop_to_common: bool = False
    """Arrays of one sample that differ in size are cropped to the size they have in common."""

    @model_validator(mode="before")
    @classmethod
    def _many_channels(cls, data: Any) -> Any:
        return with_channels(data)

    @property
    def stored_sources(self) -> tuple[ArraySource, ...]:
        """Every source of an image or a stored label image."""
        labels = (label for label in self.labels.values() if isinstance(label, ArraySource))
        return (*self.images.values(), *labels)


class RemoteDataset(StoredDataset):
    """Files with public addresses."""

    kind: Literal["remote"]
    availability: AvailabilityClass
    listing: Listing | None = None
    """Where files without urls are looked up."""


class FolderDataset(StoredDataset):
    """Files in a folder of this machine: `path`, relative to HARNESS_DATA or the catalogue; `files` states hashes."""

    kind: Literal["folder"]
    path: str
    availability: AvailabilityClass = "local"


class PackageDataset(StoredDataset):
    """Files that an installed Python package carries."""

    kind: Literal["package"]
    package: str
    install: str
    availability: AvailabilityClass = "embedded"


class GeneratedDataset(DatasetBase):
    """Phantoms: images and labels made from parameters and a seed."""

    kind: Literal["generated"]
    generator: str
    """Id of a generator, see `harness.datasets.phantoms.generators`."""
    parameters: Mapping[str, Any]
    """Those of the generator; each generator has its own model of them."""
    labels: Mapping[str, DerivedLabels] = Field(default_factory=dict)
    availability: AvailabilityClass = "generated"


DatasetDeclaration: TypeAlias = Annotated[
    RemoteDataset | FolderDataset | PackageDataset | GeneratedDataset, Field(discriminator="kind")
]


class TrainingData(Strict):
    """Samples of one dataset that weights have seen: named, or the training and validation samples of a fold."""

    dataset: str
    samples: Strings = ()
    split: str = ""
    fold: str = ""
    """Fold of `split`; "" is that of a split without named folds."""


class Recipe(Strict):
    """Weights nobody hands out: a trainable stage, its parameters and the samples that it learns from."""

    stage: str
    parameters: Mapping[str, Any] = Field(default_factory=dict)
    dataset: str
    samples: Strings = Field(min_length=1)
    validation: Strings = ()
    channels: Strings = ()
    """Image channels in this order; empty: all."""
    truth: str


class WeightsDeclaration(Strict):
    """A weight file, several files that belong together, an archive of them, or how to train them."""

    title: str
    licence: str
    citation: str = ""
    landing: str = ""
    availability: AvailabilityClass = "open-direct-download"
    files: tuple[FileDeclaration, ...] = ()
    listing: Listing | None = None
    main: str = ""
    """The file to hand over, where there are several; without it their folder is."""
    unpack: bool = False
    """The one file is a zip or tar whose content is handed over as a folder."""
    path: str = ""
    """A local file or folder instead of `files`, relative to HARNESS_DATA or the catalogue."""
    variants: Mapping[str, Mapping[str, str]] = Field(default_factory=dict)
    """Values for `{variant}` and further fields in `files`; each variant is the weights "<id>/<variant>"."""
    trained_on: tuple[TrainingData, ...] = ()
    """What trained the weights or chose the checkpoint, as far as it is registered; `{variant}` is filled in."""
    collections: tuple[Identifier, ...] = ()
    """Collections of images that trained the weights, where the samples are not known one by one."""
    recipe: Recipe | None = None
    """Trained here when a cell first needs them, instead of `files`."""
    note: str = ""

    @property
    def seen(self) -> tuple[TrainingData, ...]:
        """Every registered sample that the weights have seen, those of the recipe included."""
        if self.recipe is None:
            return self.trained_on
        own = TrainingData(dataset=self.recipe.dataset, samples=(*self.recipe.samples, *self.recipe.validation))
        return (*self.trained_on, own)


class CatalogueFile(Strict):
    """A whole `datasets.toml`."""

    schema_number: Literal[1] = Field(alias="schema")
    datasets: Mapping[Identifier, DatasetDeclaration] = Field(default_factory=dict)
    weights: Mapping[Identifier, WeightsDeclaration] = Field(default_factory=dict)
