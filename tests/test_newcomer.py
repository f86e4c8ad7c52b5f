"""As a newcomer would: from label images of a foreign script to a verified row on a board, with what README says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli.main import main

REPOSITORY = Path(__file__).resolve().parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
SCRIPT = """
from pathlib import Path
import numpy, scipy.ndimage, tifffile
Path("labels").mkdir()
for path in sorted(Path("images").glob("*.tif")):
    image = scipy.ndimage.gaussian_filter(tifffile.imread(path).astype(float).squeeze(), 1.5)
    labels, count = scipy.ndimage.label(image > (image.min() + image.max()) / 2)
    numpy.save(Path("labels") / f"{path.stem}.npy", labels.astype("int32"))
"""
"""Knows nothing of this package."""


@pytest.mark.slow
def test_four_commands_of_readme_lead_to_a_verified_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    section = README[README.index("## Your method on a leaderboard") :]
    block = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    card = re.search(r"```toml\n(.*?)```", section, re.DOTALL)
    assert block
    assert card
    Path("my_method.toml").write_text(card[1])
    commands = [shlex.split(line, comments=True)[1:] for line in block[1].splitlines() if line.startswith("harness")]
    assert len(commands) == 4
    for number, command in enumerate(commands):
        assert main(command) == 0, command
        if not number:
            assert len(list(Path("images").iterdir())) == 30
            subprocess.run([sys.executable, "-c", SCRIPT], check=True)
    out = capsys.readouterr().out
    (row,) = [line for line in out.splitlines() if line.startswith("| My method |")]
    assert "verified" in row
    assert re.search(r"\| \d \(\d-\d\) [a-z] \|", row), "its rank with interval and group"
    page = Path("board/nuclei-board-v1-smoke.html").read_text(encoding="utf-8")
    assert "My method" in page
    assert "Submitted labels, scored here; trained on the suite&#39;s data alone" in page
    assert len(list(Path("board/samples/nuclei-board/v1/smoke").glob("*.html"))) == 30
