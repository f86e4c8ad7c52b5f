"""Advisories fit the records that they are about, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.advisories import Advisory, AdvisorySpec, hits, read_advisories
from harness.errors import ConfigError
from harness.model import DISTRIBUTION, Origin
from harness.store import Record, StageRecord
from tests.cli.project import Cli
from tests.records import make_record

WORDS = {"reason": "wrong", "action": "rescore"}


def record(version: str = "0.1.0", **changed: str) -> Record:
    stage = StageRecord("otsu", 1, {}, origin=Origin(DISTRIBUTION, version, "c0de"))
    made = make_record(metrics={"map.stardist": 0.5, "edges:map.stardist": 0.4, "pq": 0.3})
    return replace(made, stages=(stage,), data="abcd", **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "hit"),
    [
        ({"metric": "map.stardist"}, ("map.stardist", "edges:map.stardist")),
        ({"metric": "*.stardist", "dataset": "blo*"}, ("map.stardist", "edges:map.stardist")),
        ({"dataset": "blobs"}, ("map.stardist", "edges:map.stardist", "pq")),
        ({"dataset": "other"}, ()),
        ({"metric": "pq", "harness": "<0.2"}, ("pq",)),
        ({"metric": "pq", "harness": "<0.1"}, ()),
        ({"metric": "pq", "content": ("ab",)}, ("pq",)),
        ({"metric": "pq", "content": ("ff",)}, ()),
        ({"metric": "pq", "suite": "toy"}, ("pq",)),
        ({"metric": "pq", "suite": "t?"}, ()),
    ],
)
def test_all_that_is_stated_must_fit(said: dict[str, object], hit: tuple[str, ...]) -> None:
    advisory = Advisory(AdvisorySpec.model_validate({"id": "A1", **WORDS, **said}))
    assert advisory.metrics_hit(record()) == hit
    assert set(hits([advisory], record())) == set(hit)


def test_a_record_that_does_not_say_its_version_is_taken_for_it() -> None:
    advisory = Advisory(AdvisorySpec.model_validate({"id": "A1", "metric": "pq", "harness": "<0.1", **WORDS}))
    assert advisory.metrics_hit(replace(record(), stages=())) == ("pq",)
    assert advisory.metrics_hit(record(version="local build")) == ("pq",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('id = "A"\nreason = "r"\naction = "a"', "needs 'metric' or 'dataset'"),
        ('id = "A"\nmetric = "pq"\nreason = "r"', "action"),
        ('id = "A"\nmetric = "pq"\nreason = "r"\naction = "a"\nharness = "old"', "accepted: a comparison of versions"),
        ('id = "A"\nmetrik = "pq"\nreason = "r"\naction = "a"', "metrik"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "advisories.toml"
    path.write_text(f"schema = 1\n[[advisories]]\n{text}\n")
    with pytest.raises(ConfigError, match=message):
        read_advisories(path)


def test_an_id_stands_once(tmp_path: Path) -> None:
    path = tmp_path / "advisories.toml"
    one = '[[advisories]]\nid = "A"\nmetric = "pq"\nreason = "r"\naction = "a"\n'
    path.write_text(f"schema = 1\n{one}{one}")
    with pytest.raises(ConfigError, match="'A' stands there twice"):
        read_advisories(path)
    assert read_advisories(tmp_path / "absent.toml") == ()


def test_tables_strike_out_what_is_hit(cli: Cli) -> None:
    cli.fake_records()
    (cli.folder / "advisories.toml").write_text(
        'schema = 1\n[[advisories]]\nid = "A-1"\nmetric = "arand.elf"\nreason = "half of it"\naction = "rescore it"\n'
    )
    _, out, _ = cli("table", "toy", "--tier", "smoke")
    assert "~~0.00 ± 0.00~~ (advisory A-1)" in out
    assert "struck out: advisory A-1: half of it; rescore it" in out
    shown = cli.json("table", "toy", "--tier", "smoke", "--json")
    assert shown["rows"][0]["scores"]["arand.elf"]["struck"] == ["A-1"]
    assert "struck out: advisory A-1" in cli("table", "toy", "--tier", "smoke", "--format", "tex")[1]
    assert ",A-1" in cli("table", "toy", "--tier", "smoke", "--format", "csv")[1]


def test_claims_are_not_decided_by_what_is_struck_out(cli: Cli) -> None:
    cli.decide_claims()
    cli.fake_records()
    assert cli.json("table", "toy", "--tier", "smoke", "--json")["claims"][0]["outcome"] == "holds"
    (cli.folder / "advisories.toml").write_text(
        'schema = 1\n[[advisories]]\nid = "A-1"\ndataset = "blobs"\nreason = "shifted"\naction = "fetch it anew"\n'
    )
    (claim,) = cli.json("table", "toy", "--tier", "smoke", "--json")["claims"]
    assert claim["outcome"] == "open"
    assert "row 'truth': map.gonuclear is struck out by advisory A-1" in claim["detail"]
