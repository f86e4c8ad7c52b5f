"""A project folder whose catalogue points to a miniature deposit on this machine."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.store import Record, Store
from tests.conftest import REPOSITORY
from tests.datasets.server import FileServer, sha256
from tests.integration.volumes import SHAPES, ZIP_NAME, Ovule, hdf5, tiff_zip

ACCESSION = "S-BIAD1026"
ROOT = "Nuclei_training_segmentation"
PUBLISHED_ZIP = "b103388a4aed01c7aadb2d5f49392d2dd08dd7cbeb2357b0c56355384ebb93a9"
PUBLIC = "https://www.ebi.ac.uk/biostudies"
CELLPOSE = "https://www.cellpose.org"
BASE_MODEL = "/models/nucleitorch_0"
"""Where the Cellpose library finds its base model of nuclei below its address."""


@dataclass(frozen=True, slots=True)
class Ran:
    """The records of a suite on the paper tier, and what the server was asked for while they were made."""

    records: tuple[Record, ...]
    asked: list[str]


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with a catalogue and suites, the cache its commands use, and the server its data lies on."""

    folder: Path
    cache: Path
    server: FileServer

    def harness(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the command line in a process of its own."""
        variables = {name: value for name, value in os.environ.items() if not name.startswith("HARNESS_")}
        variables |= {"HARNESS_CACHE": str(self.cache), "PYTHONPATH": str(REPOSITORY)}
        done = subprocess.run(
            [sys.executable, "-m", "harness", *arguments],
            cwd=self.folder, env=variables, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        if check and done.returncode != 0:
            raise AssertionError(f"harness {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def run(self, suite: str) -> Ran:
        """Run a suite on the paper tier."""
        before = len(self.server.requests)
        self.harness("run", suite, "--tier", "paper")
        return Ran(self.records(suite), [path for path, _ in self.server.requests[before:]])

    def records(self, suite: str) -> tuple[Record, ...]:
        """Return the records of a suite on the paper tier."""
        return Store(self.folder / "runs", suite, 1, "paper").records()

    def table(self, suite: str) -> Any:
        """Return the table of a suite on the paper tier, in its JSON form."""
        return json.loads(self.harness("table", suite, "--tier", "paper", "--json").stdout)

    def scores(self, suite: str, metric: str) -> dict[str, Any]:
        """Return the scores of a suite's rows on the paper tier by one metric, with their verdicts."""
        return {row["id"]: row["scores"][metric] for row in self.table(suite)["rows"]}

    def copy(self, folder: Path) -> Project:
        """Return the same project in another folder, lock file included, with an empty cache."""
        shutil.copytree(self.folder, folder / "project")
        return Project(folder / "project", folder / "cache", self.server)


def data_files(ovules: Iterable[Ovule]) -> dict[str, bytes]:
    """Return the files of the deposit that hold volumes, by path."""
    every = list(ovules)
    files = {f"{ROOT}/Training data/3d_all_in_one/{ovule.id}.h5": hdf5(ovule) for ovule in every}
    files[f"{ROOT}/{ZIP_NAME}"] = tiff_zip(every)
    files[f"{ROOT}/Training data/2d/original/README.txt"] = b"planes are not in the miniature\n"
    return files


def serve(server: FileServer, files: Mapping[str, bytes]) -> None:
    """Serve a study as BioStudies does: page-tab JSON whose sections name file lists, which state sizes and no hashes.

    The data and the models have a list of their own; one is named as TSV, which is served as JSON beside it.
    """
    entries = [
        {"path": path, "size": len(content), "type": "file", "attributes": [{"name": "Description", "value": ""}]}
        for path, content in files.items()
    ]
    models = [entry for entry in entries if "/Models/" in str(entry["path"])]
    component = "Study Component"
    study = {
        "accno": ACCESSION,
        "type": "submission",
        "attributes": [{"name": "Title", "value": "Nuclei of ovules"}],
        "section": {
            "type": "Study",
            "attributes": [{"name": "Title", "value": "Nuclei of ovules"}, {"name": "Licence", "value": None}],
            "subsections": [
                {"type": "Author", "attributes": [{"name": "Name", "value": "A. N. Other"}]},
                [{"type": component, "attributes": [{"name": "File List", "value": "file list.tsv"}]}],
                {"type": component, "attributes": [{"name": "File List", "value": "models.json"}]},
            ],
        },
    }
    server.add_json(f"/api/v1/studies/{ACCESSION}", study)
    server.add_json(f"/files/{ACCESSION}/file list.json", [entry for entry in entries if entry not in models])
    server.add_json(f"/files/{ACCESSION}/models.json", [*models, {"path": f"{ROOT}/Models", "type": "directory"}])
    for path, content in files.items():
        server.add(f"/files/{ACCESSION}/{path}", content)


def make_project(folder: Path, server: FileServer, ovules: Iterable[Ovule], zip_content: bytes) -> Project:
    """Copy the catalogue and the suites, with addresses, sizes and the one stated hash of the miniature."""
    project = folder / "project"
    shutil.copytree(REPOSITORY / "suites", project / "suites")
    text = (REPOSITORY / "datasets.toml").read_text(encoding="utf-8")
    text = _replaced(text, f'archive = "biostudies", record = "{ACCESSION}"', f', base = "{server.url}"', append=True)
    text = _replaced(text, f"{PUBLIC}/files/", f"{server.url}/files/")
    text = _replaced(text, f"{CELLPOSE}{BASE_MODEL}", f"{server.url}{BASE_MODEL}")
    text = _replaced(text, PUBLISHED_ZIP, sha256(zip_content))
    for ovule in ovules:
        line = re.compile(rf"^({ovule.id} = .* shape = )\[[\d, ]+\](.*\{{ gold = )\d+ \}}", re.MULTILINE)
        start = text.index("[datasets.gonuclear.samples]")
        shape = list(SHAPES[ovule.id])
        changed, count = line.subn(rf"\g<1>{shape}\g<2>{ovule.nuclei} }}", text[start:], count=1)
        assert count == 1, ovule.id
        text = text[:start] + changed
    (project / "datasets.toml").write_text(text, encoding="utf-8")
    return Project(project, folder / "cache", server)


def in_place_of(text: str, server: FileServer, name: str, content: bytes) -> str:
    """Return the text of a catalogue with a served file in place of the published one, whose hash is declared."""
    line = re.compile(rf'^  \{{ name = "{re.escape(name)}",.*sha256 = .*\}},$', re.MULTILINE)
    url = server.add(f"/files/{name}", content)
    entry = f'  {{ name = "{name}", size = {len(content)}, sha256 = "{sha256(content)}", urls = ["{url}"] }},'
    changed, count = line.subn(entry.replace("\\", "\\\\"), text)
    assert count == 1, name
    return changed


def zenodo_in_place_of(text: str, server: FileServer, record: str, files: Mapping[str, bytes]) -> str:
    """Return a catalogue's text with a served record in place of Zenodo's, whose listing states sizes and MD5 sums."""
    for name, content in files.items():
        for place in (f"/record/{record}/files/{name}", f"/records/{record}/files/{name}"):
            server.add(place, content)
    listed = [
        {
            "key": name,
            "size": len(content),
            "checksum": f"md5:{hashlib.md5(content).hexdigest()}",
            "links": {"self": f"{server.url}/records/{record}/files/{name}"},
        }
        for name, content in files.items()
    ]
    server.add_json(f"/api/records/{record}", {"id": int(record), "files": listed})
    text = _replaced(text, f'archive = "zenodo", record = "{record}"', f', base = "{server.url}"', append=True)
    for kind in ("record", "records"):
        text = text.replace(f"https://zenodo.org/{kind}/{record}/", f"{server.url}/{kind}/{record}/")
    return text


def override(suite: Path, row: str, stage: str, parameters: str) -> None:
    """Give a row of a suite file parameters of its own on the paper tier."""
    text = suite.read_text(encoding="utf-8")
    start = text.index(f'[[rows]]\nid = "{row}"')
    end = text.index("\n[[", start + 1)
    table = f"\n[rows.tiers.paper.stages.{stage}]\n{parameters}\n"
    suite.write_text(text[:end] + table + text[end:], encoding="utf-8")


def _replaced(text: str, old: str, new: str, *, append: bool = False) -> str:
    assert old in text, old
    return text.replace(old, old + new if append else new)
