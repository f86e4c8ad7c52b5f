"""Everything damaged or altered is found, and nothing else."""

from __future__ import annotations

import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.audit import Audit, audit, finding_lines
from harness.datasets.fetching.lockfile import LockFile, Pin
from harness.datasets.fetching.places import cache_folder
from harness.hashing import hash_value
from harness.project import Project
from harness.worker.models import ModelStore
from tests.cli.project import DATA_TABLE, Cli

WEIGHTS = f"""
[weights.net]
title = "A net"
licence = "CC0"
files = [{{ name = "net.pt", urls = ["https://example.org/net.pt"], sha256 = "{hash_value("something else")}" }}]
"""


@pytest.fixture
def ran(cli: Cli) -> Cli:
    """A project whose suite was run, with records, predictions and cached outputs."""
    code, _, err = cli("run", "toy")
    assert code == 0, err
    return cli


def look(cli: Cli) -> Audit:
    return audit(Project.find(cli.folder), Path("runs"), cache_folder())


def test_what_was_just_written_is_sound(ran: Cli) -> None:
    found = look(ran)
    assert found.is_sound, list(finding_lines(found))
    assert {"record", "timing", "environment", "prediction"} <= set(found.looked_at)
    assert found.looked_at["record"] == 4


def _alter_score(cli: Cli) -> None:
    path = cli.store().scores_path
    first, *others = path.read_text().splitlines()
    line = json.loads(first)
    line["metrics"]["map.gonuclear"] = 0.123
    path.write_text("\n".join([json.dumps(line), *others]) + "\n")


def _drop_checksum(cli: Cli) -> None:
    path = cli.store().scores_path
    first, *others = path.read_text().splitlines()
    line = json.loads(first)
    del line["checksum"]
    path.write_text("\n".join([json.dumps(line), *others]) + "\n")


def _cut_line(cli: Cli) -> None:
    path = cli.store().scores_path
    first, *others = path.read_text().splitlines()
    path.write_text("\n".join([first[:50], *others]) + "\n")


def _double_line(cli: Cli) -> None:
    path = cli.store().scores_path
    path.write_text(path.read_text() + path.read_text().splitlines()[0] + "\n")


def _unknown_key(cli: Cli) -> None:
    path = next(cli.store().folder.glob("timings/*.jsonl"))
    line = json.loads(path.read_text().splitlines()[0])
    path.write_text(json.dumps({**line, "wheather": 1}) + "\n")


def _environment(cli: Cli) -> None:
    path = next(cli.store().folder.glob("environments/*.json"))
    path.write_text(path.read_text().replace('"cores": ', '"cores": 1'))


def _environment_no_json(cli: Cli) -> None:
    next(cli.store().folder.glob("environments/*.json")).write_text("{")


def _prediction_cut(cli: Cli) -> None:
    path = next((cache_folder() / "predictions").glob("??/*.zip"))
    path.write_bytes(path.read_bytes()[:-30])


def _prediction_flip(cli: Cli) -> None:
    path = max((cache_folder() / "predictions").glob("??/*.zip"), key=lambda one: one.stat().st_size)
    with zipfile.ZipFile(path) as archive:
        place = next(one for one in archive.infolist() if "/c/" in one.filename)
    content = bytearray(path.read_bytes())
    content[place.header_offset + 30 + len(place.filename) + place.file_size // 2] ^= 1
    path.write_bytes(bytes(content))


def _prediction_exchanged(cli: Cli) -> None:
    first, second = list((cache_folder() / "predictions").glob("??/*.zip"))[:2]
    first.write_bytes(second.read_bytes())


def _output(cli: Cli) -> None:
    path = next((cache_folder() / "stages").glob("??/*/*.npy"))
    array = np.load(path)
    np.save(path, array + 1)


def _output_description(cli: Cli) -> None:
    next((cache_folder() / "stages").glob("??/*/meta.json")).write_text("{}")


def _lock(cli: Cli) -> None:
    (cli.folder / "datasets.lock.toml").write_text("schema = 1\n[datasets.x.'a.tif']\nsha256 = 'no'\nsize = 1\n")


def _download(cli: Cli) -> None:
    digest = hash_value("something else")
    (cli.folder / "datasets.lock.toml").write_text(f"schema = 1\n[datasets.x.'a.tif']\nsha256 = '{digest}'\nsize = 1\n")
    path = cache_folder() / "datasets" / "x" / "a.tif"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"changed")


def _weights(cli: Cli) -> None:
    path = cli.folder / "datasets.toml"
    path.write_text(path.read_text() + WEIGHTS)
    path = cache_folder() / "weights" / "net" / "net.pt"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"changed")


@pytest.mark.parametrize(
    ("damage", "kind", "state"),
    [
        (_alter_score, "record", "altered"),
        (_drop_checksum, "record", "altered"),
        (_cut_line, "record", "damaged"),
        (_double_line, "record", "altered"),
        (_unknown_key, "timing", "damaged"),
        (_environment, "environment", "altered"),
        (_environment_no_json, "environment", "damaged"),
        (_prediction_cut, "prediction", "altered"),
        (_prediction_flip, "prediction", "altered"),
        (_prediction_exchanged, "prediction", "altered"),
        (_output, "output", "altered"),
        (_output_description, "output", "altered"),
        (_lock, "lock", "damaged"),
        (_download, "download", "altered"),
        (_weights, "download", "altered"),
    ],
)
def test_each_damage_is_found_and_nothing_is_changed(
    ran: Cli, damage: Callable[[Cli], None], kind: str, state: str
) -> None:
    damage(ran)
    before = {path: path.read_bytes() for path in (*Path().rglob("*"), *cache_folder().rglob("*")) if path.is_file()}
    found = look(ran)
    assert not found.is_sound
    assert (kind, state) in {(one.kind, one.state) for one in found.findings}, list(finding_lines(found))
    assert all(one.action for one in found.findings)
    assert before == {path: path.read_bytes() for path in before}


def test_a_checksum_that_nothing_here_computes_is_counted(ran: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    _weights(ran)
    path = ran.folder / "datasets.toml"
    path.write_text(path.read_text().replace(f'sha256 = "{hash_value("something else")}"', f'xxh128 = "{"0" * 32}"'))
    monkeypatch.setattr("harness.audit.find_spec", lambda name: None)
    found = look(ran)
    assert found.is_sound, list(finding_lines(found))
    assert found.looked_at["unchecked download"] == 1


def _evicted(cli: Cli) -> None:
    (cache_folder() / "predictions" / "evicted.jsonl").write_text('{"hash":"ab"}\n')


def _timing(cli: Cli) -> None:
    path = next(cli.store().folder.glob("timings/*.jsonl"))
    path.write_text(path.read_text().replace('"total_s":', '"total_s":1', 1))


def _environment_gone(cli: Cli) -> None:
    next(cli.store().folder.glob("environments/*.json")).unlink()


def _fact(cli: Cli) -> None:
    (cli.folder / "suites" / "facts.toml").write_text(DATA_TABLE)
    assert cli("run", "facts")[0] == 0
    path = Path("runs/facts/v1/smoke/facts.jsonl")
    path.write_text(path.read_text().replace('"shape":[48,48]', '"shape":[48,49]'))


def _journal(cli: Cli) -> None:
    record, timing = cli.store().records()[0].to_line(), next(iter(cli.store().timings())).to_line()
    line = f'{{"record":{record},"timing":{timing}}}'
    cli.store().journal_path.write_text(line.replace('"total_s":', '"total_s":1') + "\n")


def _pinned(cli: Cli, said: str) -> None:
    pin = Pin(sha256=hash_value("something"), size=1, url="https://example.org/a.tif")
    LockFile(cli.folder).add("datasets", "x", {"a.tif": pin})
    path = cli.folder / "datasets.lock.toml"
    path.write_text(path.read_text().replace(said, said[:-1] + "7"))


def _pinned_address(cli: Cli) -> None:
    _pinned(cli, "example.org")


def _lock_text(cli: Cli) -> None:
    _pinned(cli, "Written by the harness")


def _model(cli: Cli) -> None:
    store = ModelStore(cache_folder())
    (store.folder / "ab" / "abcd").mkdir(parents=True)
    (store.folder / "ab" / "abcd" / "meta.json").write_text("{}")


@pytest.mark.parametrize(
    ("damage", "kind", "state"),
    [
        (_evicted, "prediction", "damaged"),
        (_timing, "timing", "altered"),
        (_environment_gone, "environment", "damaged"),
        (_fact, "fact", "altered"),
        (_journal, "timing", "altered"),
        (_pinned_address, "lock", "altered"),
        (_lock_text, "lock", "altered"),
        (_model, "model", "altered"),
    ],
)
def test_what_no_reader_would_notice_is_found_too(
    ran: Cli, damage: Callable[[Cli], None], kind: str, state: str
) -> None:
    damage(ran)
    assert (kind, state) in {(one.kind, one.state) for one in look(ran).findings}


@pytest.mark.slow
def test_a_flip_anywhere_in_any_file_is_found(ran: Cli) -> None:
    pin = Pin(sha256=hash_value("something"), size=1, url="https://example.org/a.tif")
    LockFile(ran.folder).add("datasets", "x", {"a.tif": pin})
    (ran.folder / "suites" / "facts.toml").write_text(DATA_TABLE)
    assert ran("run", "facts")[0] == 0
    folders = (Path("runs"), *(cache_folder() / part for part in ("predictions", "stages", "models")))
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file() and not path.match("table.*")]
    files = [ran.folder / "datasets.lock.toml", *(path for path in files if path.stat().st_size)]
    assert len(files) > 10
    assert look(ran).is_sound
    draw = random.Random(7)
    for path in files:
        content = path.read_bytes()
        for place in (0, len(content) - 1, *draw.sample(range(len(content)), 3)):
            flipped = bytearray(content)
            flipped[place] ^= 1 << draw.randrange(8)
            path.write_bytes(flipped)
            assert not look(ran).is_sound, (path, place, content[place], flipped[place])
        path.write_bytes(content)


def test_advisories_are_listed_and_are_no_damage(ran: Cli) -> None:
    (ran.folder / "advisories.toml").write_text(
        'schema = 1\n[[advisories]]\nid = "A-1"\ndataset = "blobs"\nreason = "shifted"\naction = "fetch it anew"\n'
    )
    found = look(ran)
    assert found.is_sound
    assert len(found.findings) == 4
    assert found.findings[0].what.startswith("truth on blobs/a: A-1: shifted (map.gonuclear")


def test_nothing_at_all_is_sound(cli: Cli) -> None:
    assert look(cli).is_sound
