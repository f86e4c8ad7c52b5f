"""The cache is shown and cleared part by part."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

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


def test_predictions_are_limited_and_what_was_removed_is_counted(cli: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli("run", "toy")[0] == 0
    parts = cli.json("cache", "--json")["parts"]
    assert parts["predictions"]["limit_bytes"] == 50 * 10**9
    assert parts["predictions"]["files"] >= 3
    held = parts["predictions"]["files"]
    code, out, err = cli("cache", "--limit", "0")
    assert code == 0
    assert f"removed {held} predictions" in err
    assert f"predictions: at most 0 GB; {held} removed so far" in out
    assert cli.json("cache", "--json")["parts"]["predictions"]["evicted"] == held
    assert cli("cache", "--clear", "predictions")[0] == 0
    for text in ("-1", "much"):
        with pytest.raises(SystemExit, match="2"):
            cli("cache", "--limit", text)
        assert f"'{text}' is no number of GB; accepted: 0 or more" in capsys.readouterr().err
