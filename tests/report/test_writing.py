from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import StoreError
from harness.report.writing import write_page


def test_folders_are_made_and_half_characters_are_written(tmp_path: Path) -> None:
    write_page(tmp_path / "a" / "b.html", "x\udcff")
    assert (tmp_path / "a" / "b.html").read_text() == "x\\udcff"


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a file")
    with pytest.raises(StoreError, match=r"b\.html: cannot be written"):
        write_page(tmp_path / "a" / "b.html", "x")
