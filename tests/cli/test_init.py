"""Templates are what the harness accepts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.cli.init import KINDS
from harness.datasets.readers import write_labels
from tests.cli.project import Cli


@pytest.mark.parametrize("kind", KINDS)
def test_a_template_is_written_once(cli: Cli, kind: str) -> None:
    target = Path("new") / KINDS[kind][1]
    code, out, err = cli("init", kind, "--output", target)
    assert (code, out) == (0, f"{target}\n")
    assert err.startswith("next: edit it, then ")
    assert target.read_text(encoding="utf-8") == target.read_text(encoding="utf-8").strip() + "\n"
    code, _, err = cli("init", kind, "--output", target)
    assert (code, "is there already" in err) == (2, True)


def test_the_templates_fit_each_other_and_run(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own"
    own.mkdir()
    monkeypatch.chdir(own)
    monkeypatch.delenv("HARNESS_DATA", raising=False)
    for kind in ("dataset", "suite", "method", "metric"):
        assert cli("init", kind)[0] == 0
    for number, name in enumerate(("a1", "b1")):
        labels = np.zeros((30, 30), np.uint16)
        labels[4 + number : 12, 5:14], labels[17:25, 15:26] = 1, 2
        write_labels(own / "data" / "labels" / f"{name}.tif", labels)
        write_labels(own / "data" / "images" / f"{name}.tif", ((labels > 0) * 200 + number).astype(np.uint16))
    suite = own / "suites" / "mine.toml"
    suite.write_text(suite.read_text() + '\n[[rows]]\nid = "own"\nstages = [{ id = "my-method" }]\n')
    assert cli("check", "mine", "--plugin", "my_method.py", "--data")[0] == 0
    code, out, err = cli("run", "mine", "--plugin", "my_method.py")
    assert code == 0, err
    assert "| own | 1.0000" in out
    plugins = ("--plugin", "my_method.py", "--plugin", "my_metric.py")
    code, _, err = cli("rescore", "mine", *plugins, "--metric", "my-metric")
    assert code == 0, err
