from __future__ import annotations

import base64
from pathlib import Path

import pytest

from harness.errors import BackendError
from harness.report import assets
from harness.report.assets import write_assets


def test_libraries_are_those_of_installed_packages(tmp_path: Path) -> None:
    write_assets(tmp_path)
    names = {path.name for path in (tmp_path / "assets").iterdir()}
    assert names == {"tables.js", "tables.css", "plots.js", "report.js", "report.css"}
    text = (tmp_path / "assets" / "tables.js").read_text()
    start = 'window.tableLibrary = "data:text/javascript;base64,'
    assert text.startswith(start)
    assert b"DataTable" in base64.b64decode(text.removeprefix(start).rstrip().removesuffix('";'))


def test_nothing_is_written_anew(tmp_path: Path) -> None:
    write_assets(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "assets").iterdir()}
    write_assets(tmp_path)
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "assets").iterdir()}


def test_without_a_package_the_install_line_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "LIBRARIES", {"itables": ("html/no.js", "html/no.css"), "plotly": ("no.js",)})
    with pytest.raises(BackendError, match=r"no\.js of itables.*pip install '\.\[report\]'"):
        write_assets(tmp_path)
