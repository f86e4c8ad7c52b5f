"""One line for every table, figure and system."""

from __future__ import annotations

from harness.status.items import FILE
from tests.cli.project import Cli
from tests.status.test_items import ITEMS


def test_text_json_and_suites(cli: Cli) -> None:
    (cli.folder / FILE).write_text(ITEMS)
    cli.fake_records()
    code, out, err = cli("status")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == [
        "item", "suites", "state", "rows", "smoke", "mini", "paper", "data", "verdicts", "claims", "why",
    ]  # fmt: skip
    assert [line.split("  ")[0] for line in lines[1:]] == ["table 1.1", "table 1.2", "figure 1", "thresholds"]
    assert "4 of 4" in lines[1]
    assert "blobs (smoke, mini)" in lines[1]
    items = cli.json("status", "--json")
    assert [(item["kind"], item["id"], item["state"]) for item in items] == [
        ("table", "1.1", "recorded"),
        ("table", "1.2", "nothing to run"),
        ("figure", "1", "recorded"),
        ("system", "thresholds", "recorded"),
    ]
    assert items[0]["recorded_tiers"] == ["smoke"]
    assert items[0]["suites"][0]["tiers"][0]["cells"] == 4
    assert cli("status", "--suites")[1].splitlines()[2].startswith("| toy | Toy \\| suite | 2 | 4 of 4 | 0 of 2 | – |")


def test_a_mistake_in_the_list_is_found_by_check_too(cli: Cli) -> None:
    (cli.folder / FILE).write_text(ITEMS)
    assert "ok      items.toml" in cli("check")[1]
    (cli.folder / FILE).write_text(ITEMS.replace('["toy"]', '["toi"]'))
    for command in ("check", "status"):
        code, _, err = cli(command)
        assert (code, "unknown suite 'toi'; did you mean 'toy'?" in err) == (2, True)
    assert cli("check", "toy")[0] == 0
