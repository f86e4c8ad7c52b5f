"""The shipped suites and catalogue, altered at random: every mistake is said with file and line."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.config import TomlSource
from harness.datasets import Catalogue, load_catalogue
from harness.errors import HarnessError
from harness.suite import check_suite, load_suite
from tests.campaign.toml import CATALOGUE, LINES, PAIR, REPOSITORY, SHARED, SUITES, VALUES, WITH_PLACE


@cache
def _lines(path: Path) -> tuple[str, ...]:
    return tuple(path.read_text(encoding="utf-8").splitlines())


@st.composite
def mutated(draw: st.DrawFn, paths: list[Path]) -> tuple[Path, str]:
    """A shipped file and its text with one to three lines altered."""
    path = draw(st.sampled_from(paths))
    lines = list(_lines(path))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        kind = draw(st.sampled_from(["value", "value", "value", "key", "drop", "double", "add", "cut", "swap"]))
        pair = PAIR.fullmatch(lines[at])
        if kind == "value" and pair:
            lines[at] = pair[1] + draw(st.sampled_from(VALUES))
        elif kind == "key" and pair:
            lines[at] = "x" + lines[at].lstrip()
        elif kind == "drop":
            lines[at] = ""
        elif kind == "double":
            lines.insert(at, lines[at])
        elif kind == "add":
            lines.insert(at, draw(st.sampled_from(LINES)))
        elif kind == "cut":
            lines[at] = lines[at][: draw(st.integers(0, 30))]
        elif kind == "swap":
            other = draw(st.integers(0, len(lines) - 1))
            lines[at], lines[other] = lines[other], lines[at]
    return path, "\n".join(lines) + "\n"


@cache
def _shipped() -> Catalogue:
    return load_catalogue(CATALOGUE)


def _said(problem: HarnessError) -> None:
    for line in str(problem).splitlines():
        assert WITH_PLACE.match(line), f"no file and line: {line}"
        assert len(line) < 2000


FUZZ = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the suites in which one file at a time is altered."""
    return Path(shutil.copytree(REPOSITORY / "suites", tmp_path_factory.mktemp("mutated") / "suites"))


@FUZZ
@given(file=mutated(SUITES))
def test_suites(folder: Path, file: tuple[Path, str]) -> None:
    path, text = file
    altered = folder / path.name
    altered.write_text(text, encoding="utf-8")
    try:
        check_suite(load_suite(altered), _shipped())
    except HarnessError as error:
        _said(error)


@FUZZ
@given(file=mutated(SHARED), suite=st.sampled_from(SUITES))
def test_shared_files(folder: Path, file: tuple[Path, str], suite: Path) -> None:
    path, text = file
    altered = folder / path.relative_to(REPOSITORY / "suites")
    shutil.copyfile(suite, folder / suite.name)
    altered.write_text(text, encoding="utf-8")
    try:
        check_suite(load_suite(folder / suite.name), _shipped())
    except HarnessError as error:
        _said(error)
    finally:
        shutil.copyfile(path, altered)


@FUZZ
@given(file=mutated([CATALOGUE]))
def test_the_catalogue(folder: Path, file: tuple[Path, str]) -> None:
    altered = folder.parent / "datasets.toml"
    altered.write_text(file[1], encoding="utf-8")
    try:
        load_catalogue(altered)
    except HarnessError as error:
        _said(error)


@pytest.mark.parametrize("pattern", ["/x", "**x", "a/**b/c"])
def test_patterns_that_no_folder_can_be_searched_for(tmp_path: Path, pattern: str) -> None:
    text = (
        'schema = 1\n[datasets.mine]\nkind = "folder"\ntitle = "t"\npath = "p"\navailability = "local"\naxes = "YX"\n'
        f'images = {{ raw = {{ glob = "{pattern}" }} }}\nlabels.cells = {{ glob = "*.png" }}\n'
    )
    (tmp_path / "datasets.toml").write_text(text, encoding="utf-8")
    with pytest.raises(HarnessError, match=r"datasets.toml:8: datasets.mine.*images.raw.glob: .*relative pattern"):
        load_catalogue(tmp_path / "datasets.toml")


@FUZZ
@given(text=st.text(st.sampled_from("ab=[]{}\"'#.\n\r\t\\ 01,-:eTnaif\x00\u202e\ufeff"), max_size=40))
def test_any_text(folder: Path, text: str) -> None:
    path = folder / "any.toml"
    path.write_text(text, encoding="utf-8", newline="")
    try:
        TomlSource(path)
    except HarnessError as error:
        _said(error)
