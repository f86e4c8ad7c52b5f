from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from harness.config import TomlSource
from harness.datasets.declared.declaration import (
    CatalogueFile,
    DerivedLabels,
    FileDeclaration,
    RemoteDataset,
)
from harness.errors import ConfigError
from tests.datasets.declared.catalogues import REMOTE

TEXT = f"schema = 1\n{REMOTE}"


def _read(tmp_path: Path, text: str) -> CatalogueFile:
    path = tmp_path / "datasets.toml"
    path.write_text(text, encoding="utf-8")
    return TomlSource(path).validate(CatalogueFile)


def test_a_declaration_is_typed_and_frozen(tmp_path: Path) -> None:
    dataset = _read(tmp_path, TEXT).datasets["cells"]
    assert isinstance(dataset, RemoteDataset)
    assert isinstance(dataset.labels["initial"], DerivedLabels)
    assert dataset.files[0].checksum == "sha256:" + "0" * 64
    with pytest.raises(ValidationError):
        dataset.title = "other"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "licence =",
            "license =",
            r"datasets.toml:6: datasets.cells.license: unknown key 'license'; did you mean 'licence'",
        ),
        ("{ file =", "{ fiel =", r"datasets.toml:11: .*unknown key 'fiel'; did you mean 'file'"),
        ("sha256 =", "sha =", r"datasets.toml:14: .*unknown key 'sha'; did you mean 'sha256'"),
        ("merges =", "merge =", r"datasets.toml:13: .*unknown key 'merge'; did you mean 'merges'"),
        ("whole = { shape", "whole = { form = 'x', shape", r":16: .*unknown key 'form'; did you mean 'from'"),
        ('"ZYX"', '"XYZ"', r"datasets.toml:9: datasets.cells.axes: .*'ZYX'.*found 'XYZ'"),
        ('kind = "remote"', 'kind = "remot"', r"datasets.toml:3: datasets.cells: .*'remot'"),
        ("schema = 1", "schema = 2", r"datasets.toml:1: schema: .*found 2"),
        ("merges = 0.1", "merges = 1.1", r"datasets.toml:13: .*merges: .*found 1.1"),
        ('"a.h5", sha256', '"../a.h5", sha256', r"datasets.toml:14: .*must be a relative path without '..'"),
        ("0" * 64, "0" * 63, r"datasets.toml:14: .*sha256"),
        ('title = "cells"\n', "", r"required key 'title' is missing"),
        ("datasets.cells]", 'datasets."Cells/x"]', r"datasets.toml:3"),
    ],
)
def test_mistakes_name_file_line_and_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(ConfigError, match=message):
        _read(tmp_path, TEXT.replace(old, new))


def test_a_doubled_id_is_an_error_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"line 22"):
        _read(tmp_path, TEXT + '\n[datasets.cells]\nkind = "remote"\n')


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"md5": "0" * 32, "sha256": "1" * 64}, "sha256:" + "1" * 64),
        ({"md5": "0" * 32, "xxh128": "2" * 32}, "xxh128:" + "2" * 32),
        ({}, ""),
    ],
)
def test_the_strongest_checksum_counts(changes: dict[str, Any], expected: str) -> None:
    assert FileDeclaration.model_validate({"name": "a", **changes}).checksum == expected
