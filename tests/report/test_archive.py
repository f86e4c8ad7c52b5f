from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from harness.errors import DataError
from harness.project import Project
from harness.report.archive import About, write_archive
from tests.cli.project import DATA_TABLE, Cli

ABOUT = About("Toy results", ("A. Author", 'B. "Quoted" Author'), "CC-BY-4.0", "2026-01-31", "https://example.org/1")


def written(cli: Cli, name: str = "out.zip") -> Path:
    project = Project.find(cli.folder)
    write_archive(project, project.suites(), Path("runs"), Path(name), ABOUT)
    return Path(name)


def test_every_member_has_its_checksum_and_its_entry(cli: Cli) -> None:
    cli.fake_records()
    (cli.folder / "suites" / "facts.toml").write_text(DATA_TABLE)
    assert cli("run", "facts")[0] == 0
    with zipfile.ZipFile(written(cli)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sums = dict(reversed(line.split("  ")) for line in members.pop("SHA256SUMS").decode().splitlines())
    assert sums == {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
    crate = json.loads(members["ro-crate-metadata.json"])
    entities = {entity["@id"]: entity for entity in crate["@graph"]}
    assert entities["./"]["name"] == "Toy results"
    assert entities["./"]["license"] == "https://spdx.org/licenses/CC-BY-4.0"
    for name in members.keys() - {"ro-crate-metadata.json"}:
        assert entities[name]["sha256"] == hashlib.sha256(members[name]).hexdigest()
    action = entities["#run-toy-v1-smoke"]
    assert action["@type"] == "CreateAction"
    assert {"@id": "results/toy/v1/smoke/scores.jsonl"} in action["result"]
    assert action["object"] == {"@id": "suites/toy.toml"} or action["object"] == [{"@id": "suites/toy.toml"}]
    assert "eval_results/toy-smoke/otsu.yaml" in members
    assert "eval_results/toy-smoke/truth.yaml" not in members, "what is made from the truth is no model"
    assert members["results/toy/v1/smoke/scores.jsonl"] == cli.store().scores_path.read_bytes()
    assert "results/facts/v1/smoke/facts.jsonl" in members
    assert b'  - name: "B. \\"Quoted\\" Author"' in members["CITATION.cff"]


def test_equal_results_make_equal_bytes(cli: Cli) -> None:
    cli.fake_records()
    assert written(cli).read_bytes() == written(cli, "again.zip").read_bytes()


def test_the_library_reads_it_back(cli: Cli) -> None:
    from rocrate.rocrate import ROCrate

    cli.fake_records()
    with zipfile.ZipFile(written(cli)) as archive:
        archive.extractall("crate")
    crate = ROCrate("crate")
    assert crate.name == "Toy results"
    assert {entity.type for entity in crate.root_dataset["mentions"]} == {"CreateAction"}


def test_mistakes_are_named(cli: Cli) -> None:
    with pytest.raises(DataError, match="nothing is recorded of toy"):
        written(cli)
    with pytest.raises(DataError, match=r"ends in \.zip"):
        written(cli, "out.tar")
