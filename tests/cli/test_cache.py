"""The cache is shown and cleared part by part."""

from __future__ import annotations

import os
from pathlib import Path

from tests.cli.project import Cli


def test_sizes_and_clearing(cli: Cli) -> None:
    folder = Path(os.environ["HARNESS_CACHE"])
    for part in ("stages", "models"):
        (folder / part / "ab").mkdir(parents=True)
        (folder / part / "ab" / "x").write_bytes(b"12345")
    found = cli.json("cache", "--json")
    assert found["folder"] == str(folder)
    assert found["parts"]["stages"] == {"files": 1, "bytes": 5}
    code, out, err = cli("cache", "--clear", "stages")
    assert code == 0
    assert err == f"cleared {folder / 'stages'}\n"
    assert not (folder / "stages").exists()
    assert (folder / "models" / "ab" / "x").exists()
    assert f"cache folder: {folder}" in out
