from __future__ import annotations

from pathlib import Path

from harness.project import Project
from harness.status.items import FILE
from harness.status.state import ItemState, project_status
from tests.cli.project import DATA_TABLE, Cli
from tests.status.test_items import ITEMS


def status(cli: Cli) -> dict[str, ItemState]:
    (cli.folder / FILE).write_text(ITEMS)
    (cli.folder / "suites" / "facts.toml").write_text(DATA_TABLE)
    return {item.id: item for item in project_status(Project.find(cli.folder), Path("runs"))}


def test_items_say_what_is_recorded_of_their_rows(cli: Cli) -> None:
    cli.fake_records()
    found = status(cli)
    (suite,) = found["1.1"].suites
    smoke, mini = suite.tiers
    assert (smoke.tier, smoke.rows, smoke.recorded, smoke.cells, smoke.ok) == ("smoke", 2, 2, 4, 4)
    assert (mini.tier, mini.rows, mini.recorded, mini.ok, mini.missing) == ("mini", 2, 0, 0, 2)
    assert (smoke.data, smoke.is_whole, mini.is_whole) == ({"blobs": ""}, True, False)
    assert sum(smoke.claims.values()) == 1
    assert (found["1.1"].state, found["1.1"].tiers) == ("recorded", ("smoke",))
    assert found["1"].suites[0].tiers[0].rows == 2


def test_what_has_no_suite_has_nothing_to_run(cli: Cli) -> None:
    found = status(cli)
    assert (found["1.2"].state, found["1.2"].why) == ("nothing to run", "printed without numbers")
    assert {found[name].state for name in ("1.1", "1", "thresholds", "facts")} == {"not run"}
    assert found["facts"].title == "Facts", "that of the suite"


def test_rows_that_are_missing_stale_or_failed_are_counted(cli: Cli) -> None:
    cli.fake_records()

    def change(line: dict[str, object]) -> dict[str, object] | None:
        if line["row"] == "truth":
            return None if line["sample"] == "a" else {**line, "cell": "of other data"}
        return {**line, "status": "timeout"} if line["sample"] == "a" else line

    cli.rewrite(change)
    found = status(cli)
    smoke = found["1.1"].suites[0].tiers[0]
    assert (smoke.ok, smoke.failed, smoke.missing, smoke.stale, smoke.recorded) == (1, 1, 2, 1, 0)
    assert found["1.1"].state == "partly recorded"


def test_rows_of_a_data_table_are_its_cells(cli: Cli) -> None:
    assert cli("run", "toy")[0] == 0
    status(cli)
    assert cli("run", "facts")[0] == 0
    (suite,) = status(cli)["facts"].suites
    (smoke,) = suite.tiers
    assert (smoke.cells, smoke.ok, smoke.recorded, smoke.data, smoke.claims) == (1, 1, 1, {"blobs": ""}, {})


def test_a_suite_that_cannot_be_read_is_said_and_hides_no_other(cli: Cli) -> None:
    (cli.folder / "suites" / "broken.toml").write_text("schema = 1\n")
    found = status(cli)
    assert found["broken"].state == "broken"
    assert "broken.toml" in found["broken"].suites[0].broken
    assert found["1.1"].state == "not run"


def test_data_that_is_not_here_is_named(cli: Cli) -> None:
    path = cli.folder / "suites" / "toy.toml"
    path.write_text(
        path.read_text().replace('data = [{ dataset = "blobs", samples = ["a"] }]', 'data = [{ dataset = "absent" }]')
    )
    mini = status(cli)["1.1"].suites[0].tiers[1]
    assert list(mini.data) == ["absent"]
    assert mini.data["absent"]
