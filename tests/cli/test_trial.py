"""`harness try`: two folders in; a table, curves, pictures of errors and files to edit out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.datasets.readers import write_labels
from tests.cli.project import Cli


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    rng = np.random.default_rng(0)
    labels = np.zeros((40, 40), np.uint16)
    for number, (y, x) in enumerate(((4, 4), (4, 22), (22, 4), (22, 22)), start=1):
        labels[y : y + 9, x : x + 9] = number
    for name in ("a", "b", "c"):
        image = (rng.normal(100, 5, labels.shape) + (labels > 0) * 200).astype(np.uint16)
        write_labels(tmp_path / "img" / f"{name}.tif", image)
        write_labels(tmp_path / "lab" / f"{name}_masks.png", labels)
    return tmp_path / "img", tmp_path / "lab"


def test_one_command_gives_a_table_curves_and_pictures(cli: Cli, folders: tuple[Path, Path]) -> None:
    code, out, err = cli("try", *folders, "--methods", "otsu-components", "empty")
    assert code == 0, err
    assert "| otsu-components | 1.0000 ± 0.0000" in out
    assert "\notsu-components: 3 of 3 images scored\nempty: 3 of 3 images scored\n" in out
    assert out.rstrip().endswith("next: edit try/suites/try.toml, then `harness run try` in try")
    files = {path.relative_to("try").as_posix() for path in Path("try").rglob("*") if path.is_file()}
    assert {"datasets.toml", "suites/try.toml", "errors/otsu-components/a.png", "errors/empty/c.png"} <= files
    assert any(name.endswith("table.md") for name in files)
    code, _, err = cli("try", *folders)
    assert (code, "is there already" in err) == (2, True)


def test_a_dry_run_writes_the_files_alone(cli: Cli, folders: tuple[Path, Path]) -> None:
    assert cli("try", *folders, "--dry-run", "--output", "mine")[0] == 0
    assert sorted(path.name for path in Path("mine").rglob("*.toml")) == ["datasets.toml", "try.toml"]
    assert not Path("mine/runs").exists()


def test_what_the_minutes_do_not_allow_is_said(cli: Cli, folders: tuple[Path, Path]) -> None:
    code, out, err = cli("try", *folders, "--methods", "otsu-components", "--minutes", "0.001")
    assert code == 3
    assert "MISSING 3 cells: not computed: the time given, 0 s, was over" in err
    assert "3 MISSING" in out
    assert "\notsu-components: 0 of 3 images scored; 3 not run (the time given, 0 s, was over)\n" in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--methods", "gasp"), "stage 'gasp' reads superpixels, probability"),
        (("--methods", "otsu"), "did you mean"),
        (("--folds", "0"), "--folds is 0"),
        (("--methods", "stardist-3d"), "'stardist-3d' cannot be trained on images whose smallest sides are [40, 40]"),
    ],
)
def test_mistakes_leave_nothing(cli: Cli, folders: tuple[Path, Path], options: tuple[str, ...], message: str) -> None:
    code, _, err = cli("try", *folders, *options)
    assert code == 2
    assert message in err
    assert not Path("try").exists()
