"""Each number that README states is held by the suites, the catalogue, the records, the packages or the code."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.metadata import distributions
from pathlib import Path

import pytest

from harness import registry
from harness.claims.decide import LEVEL
from harness.cli.main import EPILOG, EXIT_INTERNAL
from harness.datasets import load_catalogue
from harness.errors import BaselineError
from harness.store import Store
from harness.suite import load_suite
from tests.test_readme import TABLES, status_table

REPOSITORY = Path(__file__).resolve().parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def rows_of(name: str) -> int:
    return len(load_suite(REPOSITORY / "suites" / f"{name}.toml").rows)


def check_size_of_packages() -> None:
    """The packages of `all`, as they lie on the disk: within a fifth of what README says."""
    found = {one.metadata["Name"].lower(): one for one in distributions()}
    if not {"torch", "tensorflow-cpu", "cellpose", "stardist"} <= {name.replace("_", "-") for name in found}:
        pytest.skip("not every extra is installed")
    sizes = [file.size or 0 for one in found.values() for file in one.files or ()]
    assert 0.8 * 3.5e9 < sum(sizes) < 1.2 * 3.5e9, f"{sum(sizes) / 1e9:.2f} GB"


def check_minute_of_the_quickstart() -> None:
    timings = Store(REPOSITORY / "results", "quickstart", 1, "mini").timings()
    seconds = [stage.fit_s for one in timings for stage in one.stages if stage.id == "stardist-2d" and stage.fit_s]
    assert seconds, "the published mini records of the quickstart have the training's seconds"
    assert 30 < min(seconds) < 120, "on the machine that is the fastest so far"


def check_configurations() -> None:
    lines = status_table().splitlines()[2:]
    published = sum("published fold weights" in line for line in lines)
    assert (sum(map(rows_of, TABLES)), len(lines), published, len(lines) - published) == (30, 21, 10, 11)


def check_crops() -> None:
    dataset = load_catalogue(REPOSITORY / "datasets.toml").dataset("gonuclear-mini")
    tested = [sample for fold in dataset.splits["two-folds"] for sample in fold.test]
    shapes = [dataset.samples[name].shape for name in tested]
    assert shapes == [(100, 100, 100)] * 2


def check_initial_labels() -> None:
    label = load_catalogue(REPOSITORY / "datasets.toml").dataset("gonuclear-mini").declaration.labels["initial"]
    assert (label.merges, label.splits, label.misses) == (0.1, 0.1, 0.1)  # type: ignore[union-attr]


def check_probability() -> None:
    parameters = registry.stages().get("foreground-filter").parameters
    assert {one.name: one.default for one in parameters}["threshold"] == 0.5


def check_machine_with_a_gpu() -> None:
    for suite, package, version in (("clustering-size", "torch", "2.11."), ("quickstart", "tensorflow", "2.21.")):
        store = Store(REPOSITORY / "results" / "devices" / "h200", suite, 1, "mini")
        environments = tuple(store.environments().values())
        assert environments
        for environment in environments:
            assert (environment["gpus"], environment["cores"]) == (["NVIDIA H200"], 16)
            assert environment["python"].startswith("CPython 3.12.")
            assert environment["packages"][package].startswith(version)


def check_exit_codes() -> None:
    said = re.search(r"Exit codes: (.*?)\.$", README, re.MULTILINE)
    assert said is not None
    assert re.sub(r"\s+", " ", EPILOG).startswith(f"exit codes: {said[1]}")
    assert EXIT_INTERNAL == 70


STATED: dict[str, Callable[[], None]] = {
    r"about 3\.5 GB": check_size_of_packages,
    r"trains StarDist for about a minute": check_minute_of_the_quickstart,
    r"The 30 rows of tables 2\.5 to 2\.8 are these 21 configurations": check_configurations,
    r"two real crops of 100x100x100 voxels": check_crops,
    r"with a tenth of the objects": check_initial_labels,
    r"a mean foreground probability of 0\.5": check_probability,
    r"the 95 % interval": lambda: assert_equal(LEVEL, 0.05),
    r"\(exit code 4, with git": lambda: assert_equal(BaselineError.exit_code, 4),
    r"Exit codes: 0 ok, 1 .*, 2 .*, 3 .*, 4 .*, 70 internal error": check_exit_codes,
    r"Cellpose 3\.1 (of|instead of 2\.0\.5)|beside Cellpose 3\.1's": lambda: assert_equal(
        constraint("cellpose")[:4], "3.1."
    ),
    r"Cellpose 4 and": lambda: assert_equal(registry.stages().get("cellpose-sam").needs_versions, ("cellpose>=4",)),
    r"tox has Cellpose 3\.1": lambda: assert_equal(constraint("cellpose")[:4], "3.1."),
    r"StarDist on Keras 3": lambda: assert_equal(constraint("keras")[:2], "3."),
    r"IoU strictly above 0\.50, 0\.55, …, 0\.95": lambda: assert_equal(thresholds(), (0.5, 0.95, 10)),
    r"On an NVIDIA H200 beside the 16 cores of\s+its machine \(Python 3\.12, torch 2\.11, TensorFlow 2\.21 in": (
        check_machine_with_a_gpu
    ),
    r"Only Python 3\.11": lambda: assert_equal('requires-python = ">=3.11' in PYPROJECT, True),
}
"""What README states in numbers, and what holds it."""

PYPROJECT = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
PROVED_ELSEWHERE = {
    r"(2D|3D)": "dimensions",
    r"`[^`]*`": "code, names and examples",
    r"tables? 2\.\d( to (table-)?2\.\d)?|2\.3, 2\.4 and 2\.9": "names of tables",
    r"^.* is left out: .*$": "what the script says of rows: tests/gpu/test_table.py",
    r"lie on one side of 0": "the sign of an interval: tests of harness.claims.decide",
    r"in 32 bits\s+\(192x128x256 of the published 192x256x256\)": "tests of the tiles: tests/stages/unet/test_stage.py",
    r"^\|.*\|$": "tables: the status of rows is held by tests/test_readme.py, commands by test_readme_commands.py",
}
"""Digits that are no statement, or that another test holds."""


def assert_equal(found: object, expected: object) -> None:
    assert found == expected


def constraint(name: str) -> str:
    """Return the pinned version of a package, which is also the one that is installed, where it is."""
    text = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8")
    pinned = re.search(rf"^{name}==(\S+)$", text, re.MULTILINE)
    assert pinned is not None
    return pinned[1]


def thresholds() -> tuple[float, float, int]:
    """Return the lowest and the highest threshold of the metric of the thesis, and how many there are."""
    ids = [entry.id for entry in registry.metrics() if re.fullmatch(r"ap\d\d\.gonuclear", entry.id)]
    levels = [int(name[2:4]) / 100 for name in ids]
    return min(levels), max(levels), len(levels)


@pytest.mark.parametrize("statement", STATED)
def test_what_readme_states_in_numbers_holds(statement: str) -> None:
    assert re.search(statement, README, re.DOTALL), "README does not say this any more"
    STATED[statement]()


def test_every_number_of_readme_is_held_by_something() -> None:
    text = re.sub(r"^```.*?^```", "", README, flags=re.MULTILINE | re.DOTALL)
    for pattern in (*STATED, *PROVED_ELSEWHERE):
        text = re.sub(pattern, " ", text, flags=re.MULTILINE | (re.DOTALL if pattern in STATED else 0))
    left = [line.strip() for line in text.splitlines() if re.search(r"(?<![A-Za-z-])\d", line)]
    assert left == [], "numbers without a record, a benchmark or a test"
