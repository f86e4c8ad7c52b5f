from __future__ import annotations

from pathlib import Path

import pytest

from harness.datasets.formats.stored_array import reading
from harness.errors import DataError


def test_reading_keeps_to_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught, reading(tmp_path / "a", "TIFF"):
        raise ValueError("first\n   second")
    assert str(caught.value).endswith("as TIFF: first second")
