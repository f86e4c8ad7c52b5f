"""Advisories: what is known to be wrong with numbers that were recorded, and what to do about it.

A metric was defined wrongly in some versions, a data set was published with a mistake: records of it stay where they
are, but are struck out wherever they are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version
from pydantic import Field, field_validator, model_validator

from harness.config import Strict, TomlSource
from harness.errors import ConfigError
from harness.model import DISTRIBUTION
from harness.store import Record

FILE = "advisories.toml"


class AdvisorySpec(Strict):
    """One advisory: a metric or a data set, in which versions, why, and what to do.

    What is stated must all fit a record: with neither metric nor data set it would fit every record, and is refused.
    """

    id: str = Field(min_length=1, description="By what tables name it.")
    metric: str = Field(default="", description="Metric id, or a pattern of ids such as '*.stardist'.")
    dataset: str = Field(default="", description="Data set id, or a pattern.")
    suite: str = Field(default="", description="Only records of this suite (a pattern).")
    harness: str = Field(default="", description="Only records made by these versions of the harness: '<0.2'.")
    content: tuple[str, ...] = Field(default=(), description="Only records whose data hash begins with one of these.")
    reason: str = Field(min_length=1, description="What is wrong.")
    action: str = Field(min_length=1, description="What to do about it.")

    @field_validator("harness")
    @classmethod
    def _is_specifier(cls, value: str) -> str:
        try:
            SpecifierSet(value)
        except InvalidSpecifier as error:
            raise ValueError(f"{error}; accepted: a comparison of versions such as '<0.2'") from error
        return value

    @model_validator(mode="after")
    def _names_something(self) -> AdvisorySpec:
        if not self.metric and not self.dataset:
            raise ValueError("an advisory needs 'metric' or 'dataset'")
        return self


class AdvisoriesFile(Strict):
    """The advisories of a project."""

    schema_number: int = Field(alias="schema", ge=1, le=1)
    advisories: tuple[AdvisorySpec, ...] = ()


@dataclass(frozen=True)
class Advisory:
    """An advisory as it is asked. Not slotted: its versions are parsed once."""

    spec: AdvisorySpec

    @cached_property
    def _versions(self) -> SpecifierSet:
        return SpecifierSet(self.spec.harness, prereleases=True)

    @property
    def words(self) -> str:
        """The advisory in one line."""
        return f"advisory {self.spec.id}: {self.spec.reason}; {self.spec.action}"

    def metrics_hit(self, record: Record) -> tuple[str, ...]:
        """Return which metrics of a record it is about: all of them where it names none."""
        spec = self.spec
        if not (_fits(record.dataset, spec.dataset) and _fits(record.suite, spec.suite)):
            return ()
        if spec.content and not record.data.startswith(spec.content):
            return ()
        if spec.harness and not self._is_of_versions(record):
            return ()
        return tuple(name for name in record.metrics if _fits(name.rpartition(":")[2], spec.metric))

    def _is_of_versions(self, record: Record) -> bool:
        """Return whether a record was made by one of the versions; one that does not say by which is taken for it."""
        known = {
            stage.origin.version for stage in record.stages if stage.origin and _is_ours(stage.origin.distribution)
        }
        return not known or any(_contains(self._versions, version) for version in known)


def read_advisories(path: Path) -> tuple[Advisory, ...]:
    """Return the advisories of a file, none where there is no file; raises `ConfigError` with one line per mistake."""
    if not path.is_file():
        return ()
    source = TomlSource(path)
    specs = source.validate(AdvisoriesFile).advisories
    seen: set[str] = set()
    for number, spec in enumerate(specs):
        if spec.id in seen:
            raise ConfigError(f"{path}: advisory {number + 1}: the id '{spec.id}' stands there twice")
        seen.add(spec.id)
    return tuple(map(Advisory, specs))


def hits(advisories: Sequence[Advisory], record: Record) -> dict[str, tuple[Advisory, ...]]:
    """Return the advisories about each metric of a record that some are about."""
    found: dict[str, tuple[Advisory, ...]] = {}
    for advisory in advisories:
        for metric in advisory.metrics_hit(record):
            found[metric] = (*found.get(metric, ()), advisory)
    return found


def _fits(name: str, pattern: str) -> bool:
    return not pattern or fnmatchcase(name, pattern)


def _is_ours(distribution: str) -> bool:
    return distribution in ("", DISTRIBUTION)


def _contains(versions: SpecifierSet, version: str) -> bool:
    try:
        return versions.contains(Version(version))
    except InvalidVersion:
        return True
