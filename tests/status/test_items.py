from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ConfigError
from harness.project import Project
from harness.shipped import shipped_folder
from harness.status.items import FILE, Item, items_path, read_items
from tests.cli.project import DATA_TABLE, make_project

ITEMS = """
schema = 1
source = "a book"
[tables]
"1.1" = { title = "methods", suites = ["toy"] }
"1.2" = { title = "nothing", why = "printed without numbers" }
[figures]
"1" = { title = "one method", suites = ["toy/otsu", "toy/truth"], why = "not drawn yet" }
[systems]
thresholds = { title = "Otsu", suites = ["toy/otsu", "toy"] }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = make_project(tmp_path)
    (made / "suites" / "facts.toml").write_text(DATA_TABLE)
    (made / FILE).write_text(ITEMS)
    return made


def test_items_stand_in_the_order_of_the_file_and_suites_that_none_names_behind_them(folder: Path) -> None:
    assert read_items(Project.find(folder)) == (
        Item("table", "1.1", "methods", {"toy": ()}),
        Item("table", "1.2", "nothing", {}, "printed without numbers"),
        Item("figure", "1", "one method", {"toy": ("otsu", "truth")}, "not drawn yet"),
        Item("system", "thresholds", "Otsu", {"toy": ()}),
        Item("suite", "facts", "", {"facts": ()}),
    )


def test_a_project_without_a_list_has_its_suites(folder: Path) -> None:
    (folder / FILE).unlink()
    project = Project.find(folder)
    assert items_path(project) is None
    assert [(item.kind, item.id) for item in read_items(project)] == [("suite", "facts"), ("suite", "toy")]


def test_the_suites_of_the_package_come_with_its_items(tmp_path: Path) -> None:
    project = Project.find(tmp_path)
    assert items_path(project) == shipped_folder() / FILE
    names = {(item.kind, item.id) for item in read_items(project)}
    assert {("table", "2.6"), ("figure", "4.13"), ("figure", "A.5"), ("system", "plantseg")} <= names


def test_every_table_figure_and_system_of_the_source_is_listed() -> None:
    found = read_items(Project.find(shipped_folder()))
    tables = {item.id for item in found if item.kind == "table"}
    figures = {item.id for item in found if item.kind == "figure"}
    assert tables == {*(f"2.{n}" for n in range(1, 10)), "4.1", "4.2", *(f"5.{n}" for n in (1, 2, 3)),
                      *(f"A.{n}" for n in (1, 2, 3, 4))}  # fmt: skip
    counts = {"2": 5, "3": 8, "4": 16, "5": 16, "A": 6}
    assert figures == {"1.5", *(f"{part}.{n}" for part, last in counts.items() for n in range(1, last + 1))}
    assert len([item for item in found if item.kind == "system"]) == 20
    assert all(item.suites or item.why for item in found)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('["toy"]', '["toi"]', "items.toml:5: tables.1.1.suites.0: unknown suite 'toi'; did you mean 'toy'?"),
        ('"toy/otsu", "toy/truth"', '"toy/ots"', "suite 'toy' has no row 'ots'; did you mean 'otsu'?"),
        (', why = "printed without numbers"', "", "tables.1.2: names no suite; accepted: 'suites', or 'why'"),
        ('why = "printed', 'wy = "printed', "unknown key 'wy'; did you mean 'why'?"),
        ("schema = 1", "schema = 2", "schema"),
    ],
)
def test_mistakes_name_file_line_key_and_nearest(folder: Path, old: str, new: str, message: str) -> None:
    (folder / FILE).write_text(ITEMS.replace(old, new, 1))
    with pytest.raises(ConfigError) as caught:
        read_items(Project.find(folder))
    assert message in str(caught.value)
