"""Some hundred hostile inputs of each kind; `python -m tests.campaign` tries thousands."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from harness.errors import DataError
from tests.campaign import flips
from tests.campaign.kinds import INPUTS, LIMITS_S, RUNS
from tests.campaign.running import LIMIT_S, run
from tests.runner.project import Project

COUNTS = {
    "labels": 400,
    "hdf5": 60,
    "toml": 80,
    "archives": 250,
    "http": 120,
    "results": 250,
    "checkpoints": 150,
    "flips": 150,
}
RUN_COUNTS = {"kills": 2, "writers": 1, "disks": 2}


@pytest.mark.slow
@pytest.mark.parametrize("name", INPUTS)
def test_nothing_hostile_passes_or_breaks(name: str) -> None:
    outcome = run(INPUTS[name], count=COUNTS[name], limit_s=LIMITS_S.get(name, LIMIT_S))
    assert outcome.findings == []
    assert outcome.tried == COUNTS[name]
    assert outcome.refused + outcome.found > COUNTS[name] / 10


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", RUNS)
def test_no_mishap_of_a_run_loses_doubles_or_blames(name: str) -> None:
    outcome = run(RUNS[name], count=RUN_COUNTS[name], limit_s=LIMITS_S[name])
    assert outcome.findings == []
    assert outcome.read == RUN_COUNTS[name]


@dataclass(frozen=True)
class Scripted:
    """Inputs that do in turn what a reader must not, and what it may."""

    name: str = "scripted"

    def prepare(self, folder: Path) -> None:
        """Nothing is needed."""

    def attempt(self, originals: None, random: Random, folder: Path) -> None:
        """Go wrong by the number that the test has drawn from the generator."""
        (folder / "input").write_text("x")
        act = random.choice(("read", "refuse", "raise", "kill", "hang", "mumble"))
        if act == "refuse":
            raise DataError("a.tif: truncated")
        if act == "raise":
            raise KeyError("x")
        if act == "kill":
            os.kill(os.getpid(), signal.SIGSEGV)
        if act == "hang":
            time.sleep(600)
        if act == "mumble":
            raise DataError("")


def test_the_campaign_survives_and_names_what_it_finds(tmp_path: Path) -> None:
    outcome = run(Scripted(), count=25, limit_s=0.5, keep=tmp_path)
    assert outcome.tried == 25
    assert outcome.read > 0
    assert outcome.refused > 0
    seen = " ".join(finding.seen for finding in outcome.findings)
    for part in ("KeyError: 'x'", "exit code -11", "takes more than 0.5 s", "a line of its message has 0 characters"):
        assert part in seen
    first = outcome.findings[0]
    again = run(Scripted(), count=1, first=first.number, limit_s=0.5)
    assert [finding.seen.split("\n")[-2:] for finding in again.findings] == [first.seen.split("\n")[-2:]]
    assert (tmp_path / f"scripted-0-{first.number}" / "input").exists()


@dataclass(frozen=True)
class Damage:
    """Damage that is found or harmless by the number that is drawn."""

    name: str = "damage"

    def prepare(self, folder: Path) -> None:
        """Nothing is needed."""

    def attempt(self, originals: None, random: Random, folder: Path) -> str:
        """Say which it is."""
        return random.choice(("found", "harmless"))


def test_what_an_attempt_says_of_its_input_is_counted() -> None:
    told: list[str] = []
    outcome = run(Damage(), count=20, note=lambda number, seen: told.append(seen))
    assert (outcome.found, outcome.harmless) == (told.count("found"), told.count("harmless"))
    assert 0 < outcome.found < outcome.tried == 20


@pytest.mark.parametrize(
    ("said", "altered", "seen"),
    [
        ("Written", "written", "harmless"),
        ("example", "examplf", "found"),
        ("nuclei", "nuclej", "found"),
        ("schema", "schemb", "found"),
    ],
)
def test_a_flip_in_the_pins_is_found_or_changes_none(tmp_path: Path, said: str, altered: str, seen: str) -> None:
    project = Project(tmp_path)
    flips.pin(project)
    before = dict(flips.said(project))
    path = tmp_path / "datasets.lock.toml"
    path.write_text(path.read_text().replace(said, altered, 1))
    assert flips.seen("pins", path, before, dict(flips.said(project))) == seen


def test_pins_that_pass_as_others_are_a_finding(tmp_path: Path) -> None:
    project = Project(tmp_path)
    flips.pin(project)
    before = dict(flips.said(project))
    path = tmp_path / "datasets.lock.toml"
    path.write_text("schema = 1\n")
    with pytest.raises(AssertionError, match="passes as something else"):
        flips.seen("pins", path, before, dict(flips.said(project)))


def test_the_time_is_bounded() -> None:
    assert run(Scripted(), count=10**9, seconds=0.0).tried == 0
