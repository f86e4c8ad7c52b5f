"""The plan counts cells, what is done, and what is not there."""

from __future__ import annotations

from tests.cli.project import SUITE, Cli


def test_nothing_done(cli: Cli) -> None:
    (plan,) = cli.json("plan", "toy", "--json")
    assert (plan["suite"], plan["tier"], plan["cells"], plan["remaining"]) == ("toy", "smoke", 4, 4)
    assert plan["rows_without_estimate"] == ["truth", "otsu"]
    assert cli("plan", "toy")[1].splitlines()[1] == "cost not known; 2 rows were never measured"


def test_done_cells_and_filters(cli: Cli) -> None:
    cli.fake_records()
    (plan,) = cli.json("plan", "toy", "--row", "otsu", "--json")
    assert (plan["cells"], plan["remaining"]) == (2, 0)
    code, out, _ = cli("plan", "toy")
    assert code == 0
    assert out.startswith("suite toy, tier smoke: 4 cells, 0 to compute")


def test_data_that_is_not_here_and_unknown_rows(cli: Cli) -> None:
    (cli.folder / "suites" / "toy.toml").write_text(
        SUITE.replace('[{ dataset = "blobs" }]', '[{ dataset = "blobs" }, { dataset = "absent", samples = ["x"] }]')
    )
    code, _, err = cli("plan", "toy", "--row", "ots")
    assert code == 2
    assert err
