"""Results as one file for an archive: records, tables and suites as an RO-Crate, with checksums and a citation."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import BackendError, DataError, StoreError
from harness.escaping import visible
from harness.identity import installed_version
from harness.model import DISTRIBUTION
from harness.project import Project
from harness.report.hub import eval_results
from harness.standing import Standing
from harness.store import find_stores
from harness.store.files import partial_name
from harness.suite import Suite
from harness.tables import table_files, table_of

if TYPE_CHECKING:
    from rocrate.model.file import File
    from rocrate.rocrate import ROCrate

PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
"""Process Run Crate: each run is an action with an instrument, what it read and what it made."""
CRATE = "1.1"
"""The version of RO-Crate that the profile builds on."""
SUMS = "SHA256SUMS"
CITATION = "CITATION.cff"
EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The time of every member, so that equal results make equal bytes."""


@dataclass(frozen=True, slots=True)
class About:
    """What is said of an archive: title, authors, licence (an SPDX id), date (ISO 8601), and address if it has one."""

    title: str
    authors: tuple[str, ...]
    licence: str
    date: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class _Part:
    """The files of one suite on one tier, by their names in the archive."""

    standing: Standing
    files: Mapping[str, bytes]


def write_archive(project: Project, suites: Sequence[Suite], results: Path, out: Path, about: About) -> list[str]:
    """Write `out`, one zip, and return the names of its members: equal results and words make equal bytes.

    Raises `BackendError` without rocrate, `DataError` where nothing is recorded or `out` is no .zip, `StoreError` where
    it cannot be written.
    """
    if out.suffix != ".zip":
        raise DataError(f"{out}: an archive is one zip file; accepted: a name that ends in .zip")
    parts = [part for suite in suites for part in _parts(project, suite, results, about)]
    if not parts:
        raise DataError(f"{results}: nothing is recorded of {', '.join(suite.id for suite in suites)}")
    members = {name: content for part in parts for name, content in part.files.items()}
    members |= {name: path.read_bytes() for suite in suites for name, path in _suite_files(suite)}
    members[CITATION] = _citation(about).encode()
    members["ro-crate-metadata.json"] = _metadata(parts, members, about)
    sums = (f"{hashlib.sha256(content).hexdigest()}  {name}" for name, content in sorted(members.items()))
    members[SUMS] = ("\n".join(sums) + "\n").encode()
    _write(out, members)
    return sorted(members)


def _parts(project: Project, suite: Suite, results: Path, about: About) -> Iterator[_Part]:
    for store in find_stores(results):
        if (store.suite, store.version) != (suite.id, suite.version) or store.tier not in suite.tiers:
            continue
        standing = project.results(results, suite, store.tier)
        table = table_of(standing)
        folder = f"results/{suite.id}/v{suite.version}/{store.tier}"
        files = {f"{folder}/{name}": text.encode() for name, text in table_files(table).items()}
        kept = (store.scores_path, store.statements_path, *store.folder.glob("timings/*.jsonl"))
        for path in (*kept, *store.folder.glob("environments/*.json")):
            if path.is_file():
                files[f"{folder}/{path.relative_to(store.folder).as_posix()}"] = path.read_bytes()
        if scores := table.scores:
            dataset = f"{DISTRIBUTION}/{suite.id}"
            for row in scores.rows:
                text = eval_results(scores, row, dataset=dataset, date=about.date, url=about.url)
                if text and not row.bound and not row.dataset:
                    files[f"eval_results/{suite.id}-{store.tier}/{_plain(row.id)}.yaml"] = text.encode()
        yield _Part(standing, files)


def _metadata(parts: Sequence[_Part], members: Mapping[str, bytes], about: About) -> bytes:
    """Return `ro-crate-metadata.json` of all members: who made what with what."""
    try:
        from rocrate.model.contextentity import ContextEntity
        from rocrate.model.person import Person
        from rocrate.rocrate import ROCrate
    except ImportError as error:
        raise BackendError("an archive needs rocrate, which is not installed; pip install '.[report]'") from error
    crate = ROCrate(version=CRATE)
    crate.metadata.extra_terms["sha256"] = "http://schema.org/sha256"  # no term of this version
    crate.name = about.title
    crate.description = "Scores, durations and tables of benchmarks of instance segmentation, with what made them."
    crate.license = f"https://spdx.org/licenses/{about.licence}"
    crate.datePublished = about.date
    crate.root_dataset["conformsTo"] = crate.add(
        ContextEntity(crate, PROFILE, properties={"@type": "CreativeWork", "name": "Process Run Crate"})
    )
    crate.root_dataset["author"] = [
        crate.add(Person(crate, f"#author-{number}", properties={"name": name}))
        for number, name in enumerate(about.authors, start=1)
    ]
    software = crate.add(
        ContextEntity(
            crate,
            f"#{DISTRIBUTION}",
            properties={
                "@type": "SoftwareApplication",
                "name": DISTRIBUTION,
                "softwareVersion": installed_version(DISTRIBUTION),
            },
        )
    )
    entities = {name: _file(crate, name, content) for name, content in sorted(members.items())}
    for part in parts:
        suite, tier = part.standing.suite, part.standing.tier
        commits = sorted({record.code.commit for record in part.standing.records})
        action = ContextEntity(
            crate,
            f"#run-{suite.id}-v{suite.version}-{tier}",
            properties={
                "@type": "CreateAction",
                "name": f"harness run {suite.id} --tier {tier}",
                "description": f"made by commits {', '.join(commits) or 'unknown'}",
                "endTime": about.date,
            },
        )
        action["instrument"] = software
        action["object"] = [entities[name] for name, _ in _suite_files(suite)]
        action["result"] = [entities[name] for name in part.files]
        crate.add(action)
        crate.root_dataset.append_to("mentions", action)
    text = json.dumps(crate.metadata.generate(), indent=2, sort_keys=True, ensure_ascii=False)
    return f"{text}\n".encode()


def _file(crate: ROCrate, name: str, content: bytes) -> File:
    formats = {".jsonl": "application/jsonl", ".json": "application/json", ".csv": "text/csv", ".md": "text/markdown"}
    properties = {
        "contentSize": str(len(content)),
        "sha256": hashlib.sha256(content).hexdigest(),
        "encodingFormat": formats.get(Path(name).suffix, "text/plain"),
    }
    found: File = crate.add_file(name, dest_path=name, properties=properties)
    return found


def _suite_files(suite: Suite) -> Iterator[tuple[str, Path]]:
    """Yield the file of a suite and the one that it shares with others, with their names in the archive."""
    path = suite.source_file.path
    yield f"suites/{path.name}", path
    if suite.file.shared:
        yield f"suites/{suite.file.shared}", path.parent / suite.file.shared


def _citation(about: About) -> str:
    """Return a citation file (CFF 1.2.0)."""
    lines = ["cff-version: 1.2.0", "message: If you use these results, please cite them as below.", "type: dataset"]
    lines += [f"title: {json.dumps(about.title)}", "authors:"]
    lines += [f"  - name: {json.dumps(name)}" for name in about.authors]
    lines += [f"license: {json.dumps(about.licence)}", f"date-released: {about.date}"]
    lines += [f"url: {json.dumps(about.url)}"] if about.url else []
    return "\n".join(lines) + "\n"


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", visible(name))


def _write(out: Path, members: Mapping[str, bytes]) -> None:
    partial = partial_name(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in sorted(members.items()):
                archive.writestr(zipfile.ZipInfo(name, EARLIEST), content, zipfile.ZIP_DEFLATED)
        partial.replace(out)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StoreError(f"{out}: cannot be written ({error.strerror or error})") from error
