"""Exports held against the validators of their formats, in an environment of their own: `tox run -e exports`.

The validator of RO-Crates wants an older rich than the harness is pinned to, that of citation files an older jsonschema
than others want.
"""

from __future__ import annotations

import json
import zipfile
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.project import Project
from harness.report.archive import CRATE, About, write_archive
from tests.cli.project import Cli

ELSEWHERE = "it cannot lie beside the pins: `tox run -e exports`"


@pytest.fixture(params=["https://example.org/1", ""], ids=["with an address", "without"])
def archive(cli: Cli, request: pytest.FixtureRequest) -> Path:
    """An archive of a suite that was run."""
    assert cli("run", "toy")[0] == 0
    about = About("Toy: results", ("A. Author", 'B. "Quoted" Author'), "CC-BY-4.0", "2026-01-31", request.param)
    project = Project.find(cli.folder)
    write_archive(project, project.suites(), Path("runs"), Path("out.zip"), about)
    return Path("out.zip")


def test_the_crate_is_valid_by_its_profile(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    services = pytest.importorskip("rocrate_validator.services", reason=ELSEWHERE)
    from rocrate_validator.models import ValidationSettings
    from rocrate_validator.utils.http import HttpRequester

    asked = []

    def get(requester: Any, url: str, **options: Any) -> Any:
        """Answer with the terms that the library which wrote the crate brings: nothing is fetched.

        They are those of a later version, which has one that we use and version 1.1 has not.
        """
        asked.append(url)
        terms = json.loads(files("rocrate").joinpath("data/ro-crate.jsonld").read_text(encoding="utf-8"))
        del terms["@context"]["sha256"]
        headers = {"Content-Type": "application/ld+json"}
        return SimpleNamespace(status_code=200, headers=headers, text=json.dumps(terms), json=lambda: terms)

    monkeypatch.setattr(HttpRequester, "get", get, raising=False)
    settings = ValidationSettings(
        rocrate_uri=str(archive.resolve()), profile_identifier="process-run-crate", requirement_severity="REQUIRED"
    )
    result = services.validate(settings)
    assert [f"{issue.check.identifier}: {issue.message}" for issue in result.get_issues()] == []
    assert set(asked) == {f"https://w3id.org/ro/crate/{CRATE}/context"}


def test_the_citation_is_valid(archive: Path) -> None:
    citation = pytest.importorskip("cffconvert.citation", reason=ELSEWHERE)
    with zipfile.ZipFile(archive) as members:
        text = members.read("CITATION.cff").decode()
    found = citation.Citation(text)
    found.validate()
    assert "A. Author" in found.as_bibtex()
