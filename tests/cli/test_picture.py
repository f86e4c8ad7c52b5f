from __future__ import annotations

from pathlib import Path

import imageio.v3 as imageio

from tests.cli.project import Cli


def test_rows_are_drawn_side_by_side(cli: Cli) -> None:
    cli("run", "toy")
    code, out, _ = cli("picture", "toy", "--sample", "a", "--to", "shown/toy.png")
    assert (code, out) == (0, "shown/toy.png\n")
    assert imageio.imread(Path("shown/toy.png")).std() > 10


def test_what_cannot_be_drawn_is_said(cli: Cli) -> None:
    code, _, err = cli("picture", "toy", "--sample", "a", "--to", "toy.png")
    assert code == 3
    assert "not run" in err
    code, _, err = cli("picture", "toy", "--sample", "a", "--to", "toy.png", "--figure", "none")
    assert code == 2
    assert "has no figure 'none'" in err
