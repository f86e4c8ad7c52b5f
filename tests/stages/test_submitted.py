from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from harness.errors import DataError
from harness.model import Grid, Volume
from harness.stages.contract import Context
from harness.stages.submitted import SubmittedLabels
from tests.cli.project import Cli


def context(scratch: Path, path: Path | None) -> Context:
    return Context(Grid("YX", (4, 4)), 0, scratch, weights={} if path is None else {"bundle": path})


def test_labels_are_found_by_the_content_of_the_image(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    stage = SubmittedLabels({"bundle": str(bundle)})
    other = Volume(np.zeros((4, 4), np.uint8), "YX")
    with pytest.raises(DataError, match="no labels of this image; it has 2 others"):
        stage.run({"image": other}, context(tmp_path, bundle))
    with pytest.raises(DataError, match="'bundle' is empty"):
        SubmittedLabels().run({"image": other}, context(tmp_path, None))


def test_a_submitted_row_stands_beside_those_of_the_suite(cli: Cli, bundle: Path) -> None:
    found = cli.json("verify", bundle, "--json")
    code, out, err = cli("run", "toy", "--method", "mine.zip")
    assert code == 0, err
    assert "My method" in out
    assert "Submitted labels, scored here; trained on the suite's data alone" in out
    records = {(one.row, one.sample): one for one in cli.store().records()}
    for sample in ("a", "b"):
        assert dict(records["mine", sample].metrics) == found["samples"][f"blobs/{sample}"]
        assert records["mine", sample].contamination == "clean", "its card says that nothing trained it"
    code, out, _ = cli("run", "toy", "--method", "mine.zip", "--json")
    assert (code, json.loads(out.splitlines()[-1])["computed"]) == (0, 0)


def test_a_bundle_of_another_suite_is_refused(cli: Cli, bundle: Path) -> None:
    text = (cli.folder / "suites" / "toy.toml").read_text()
    (cli.folder / "suites" / "toy.toml").write_text(text.replace("version = 1", "version = 2", 1))
    code, _, err = cli("run", "toy", "--method", "mine.zip")
    assert code == 2
    assert "is for version 1 of suite 'toy'; this is version 2 of 'toy'" in err
