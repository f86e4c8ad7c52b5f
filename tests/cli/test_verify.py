from __future__ import annotations

from pathlib import Path

from tests.cli.project import Cli


def test_scores_are_printed_a_line_a_sample(cli: Cli, bundle: Path) -> None:
    code, out, _ = cli("verify", bundle)
    lines = out.splitlines()
    assert code == 0
    assert lines[0] == "mine : My method (MIT; trained on none)"
    assert lines[1].split() == ["sample", "map.gonuclear", "arand.elf", "count.pred"]
    assert [line.split()[0] for line in lines[2:5]] == ["blobs/a", "blobs/b", "mean"]
    assert lines[-1].startswith("verified: 2 label images of suite 'toy', seal ")
