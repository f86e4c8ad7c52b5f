"""What became of changes: a file a module outside the tree, so that a run can go on where another one ended."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from harness.datasets.fetching.places import cache_folder
from tests.mutation.changes import ROOT, Change, own_tests, source_of

LISTED = ROOT / "tests" / "mutation.toml"
CAUGHT = ("killed", "timeout", "died")
"""What shows that a change was noticed: a test failed, one never ended, or its process died."""
ASIDE = ("words", "strict")
"""The fates of changes that are left aside by rule and tried by no test."""
MISSED = ("survived", "not covered")
"""The fates of changes that no test noticed: the tests passed, or none of them runs what is changed."""


@dataclass(frozen=True, slots=True)
class Survivor:
    """A change that nothing can notice: what it makes of the code, as `Change.brief`, and why it does not matter."""

    to: str
    because: str


@dataclass(frozen=True, slots=True)
class Listed:
    """What `tests/mutation.toml` says: the survivors by name, and tests of modules beside those of their name."""

    survivors: Mapping[str, Survivor]
    tests: Mapping[str, Sequence[str]]

    @classmethod
    def read(cls) -> Listed:
        """Return what the file says."""
        said = tomllib.loads(LISTED.read_text(encoding="utf-8"))
        return cls({name: Survivor(**one) for name, one in said["survivors"].items()}, said["tests"])

    def reason(self, change: Change) -> str | None:
        """Return why nothing can notice a change; None where it is not listed, or for another change of the code."""
        one = self.survivors.get(change.name)
        return one.because if one is not None and one.to == change.brief else None

    def further(self, module: str) -> list[str]:
        """Return the tests of a module beside those of its name; "[*]" stands for each metric that it declares."""
        return [test for name, tests in self.tests.items() if f"{module}.".startswith(f"{name}.") for test in tests]


class Outcomes:
    """The fates of a module's changes, name -> fate, and the file that they are kept in.

    Its first line says of which code and which tests they are; each further one is a change.
    """

    def __init__(self, folder: Path, module: str, tests: Sequence[str]) -> None:
        self.module = module
        self.path = folder / f"{module}.jsonl"
        self.of = {
            "code": _digest([source_of(module)]),
            "tests": _digest(_read_by(tests)),
            "mutmut": version("mutmut"),
        }
        self.fates: dict[str, str] = {}
        self.known: dict[str, str] = {}
        self.read()

    def read(self) -> None:
        """Read what other processes have kept."""
        if self.path.exists():
            known, *lines = [json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines()]
            self.known = known
            self.fates = {line["name"]: line["fate"] for line in lines}

    def of_changes(self, changes: Sequence[Change]) -> dict[str, str]:
        """Return the fates of changes, by name, those left aside by rule among them; one that is not known has none."""
        fates = {change.name: change.aside or self.fates.get(change.name, "") for change in changes}
        return {name: fate for name, fate in fates.items() if fate}

    @property
    def is_current(self) -> bool:
        """Whether what the file says is of the code and the tests that stand here."""
        return self.known == self.of

    def begin(self, *, only_missed: bool) -> None:
        """Keep what is of this code and these tests, nothing else; with `only_missed` what older tests noticed too."""
        if not self.is_current:
            same_code = {**self.known, "tests": ""} == {**self.of, "tests": ""}
            kept = self.fates if only_missed and same_code else {}
            self.fates = {name: fate for name, fate in kept.items() if fate not in MISSED}
        self.known = dict(self.of)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = [self.of, *({"name": name, "fate": fate} for name, fate in self.fates.items())]
        self.path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")

    def add(self, name: str, fate: str) -> None:
        """Keep what became of a change."""
        self.fates[name] = fate
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{json.dumps({'name': name, 'fate': fate})}\n")


def kept_in() -> Path:
    """Return the folder of the files, below the user's cache."""
    return cache_folder() / "mutation"


def chosen_tests(module: str, listed: Listed) -> list[str]:
    """Return the tests of a module: the file of its name, and those that are listed."""
    return [own_tests(module), *listed.further(module)]


def counted(fates: Mapping[str, str] | Counter[str]) -> tuple[int, int]:
    """Return how many changes were noticed, and of how many that are not left aside."""
    counts = fates if isinstance(fates, Counter) else Counter(fates.values())
    return sum(counts[fate] for fate in CAUGHT), counts.total() - sum(counts[fate] for fate in ASIDE)


def _read_by(tests: Sequence[str]) -> list[Path]:
    """Return the files of tests, and what lies beside them that is no test: they import or read it."""
    files = {ROOT / test.partition("::")[0] for test in tests}
    beside = {path for file in files for path in file.parent.glob("*.*") if not path.name.startswith("test_")}
    return sorted(files | beside)


def _digest(paths: Sequence[Path]) -> str:
    return hashlib.sha256(b"".join(hashlib.sha256(path.read_bytes()).digest() for path in paths)).hexdigest()[:16]
