from __future__ import annotations

from pathlib import Path

import pytest

from harness.datasets.fetching.places import (
    cache_folder,
    data_folder,
    is_offline,
    is_relative_pattern,
    mirror,
)
from harness.errors import ConfigError


def test_environment_names_the_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("HARNESS_CACHE")
    assert cache_folder().name == "segmentation-harness"
    assert data_folder(tmp_path) == tmp_path
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "data"))
    assert data_folder(tmp_path) == tmp_path / "data"


def test_mirror_is_a_folder_or_an_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert mirror() is None
    monkeypatch.setenv("HARNESS_MIRROR", str(tmp_path))
    assert mirror() == tmp_path
    monkeypatch.setenv("HARNESS_MIRROR", "http://localhost:1/files/")
    assert mirror() == "http://localhost:1/files"


@pytest.mark.parametrize(
    ("value", "expected"), [("", False), ("0", False), ("1", True), ("yes", True), ("False", False)]
)
def test_offline_reads_yes_and_no(monkeypatch: pytest.MonkeyPatch, value: str, expected: bool) -> None:
    monkeypatch.setenv("HARNESS_OFFLINE", value)
    assert is_offline() is expected


def test_offline_refuses_other_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_OFFLINE", "perhaps")
    with pytest.raises(ConfigError, match="found 'perhaps'; accepted: 1"):
        is_offline()


@pytest.mark.parametrize(
    ("pattern", "is_accepted"),
    [
        *((accepted, True) for accepted in ("*.tif", "raw/**/{id}.tif", "**/x")),
        *((refused, False) for refused in ("/x", "**x", "a/x**/b", "../x", "", ".", "x" * 300)),
    ],
)
def test_relative_patterns(pattern: str, is_accepted: bool, tmp_path: Path) -> None:
    assert is_relative_pattern(pattern) == is_accepted
    if is_accepted:
        assert list(tmp_path.glob(pattern)) == []


def test_a_home_may_be_written_short_or_be_absent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable in ("HARNESS_CACHE", "HARNESS_MIRROR", "HARNESS_DATA"):
        monkeypatch.setenv(variable, "~/x")
    assert cache_folder() == mirror() == data_folder(Path()) == tmp_path / "x"
    monkeypatch.setenv("HARNESS_CACHE", "~nobody-of-this-name/x")
    with pytest.raises(ConfigError, match="HARNESS_CACHE: '~nobody-of-this-name/x' begins with a home"):
        cache_folder()
    monkeypatch.delenv("HARNESS_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    with pytest.raises(ConfigError, match="set HARNESS_CACHE"):
        cache_folder()
