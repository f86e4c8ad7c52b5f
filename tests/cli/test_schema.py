"""JSON schemas describe every key."""

from __future__ import annotations

from tests.cli.project import Cli


def test_schemas(cli: Cli) -> None:
    suite = cli.json("schema")
    assert {"id", "rows", "tiers", "tolerance"} <= set(suite["properties"])
    assert suite["properties"]["id"]["description"]
    gasp = suite["$defs"]["stage:gasp"]["properties"]
    assert gasp["post_minsize"]["unit"] == "px"
    assert (gasp["beta"]["default"], gasp["linkage"]["enum"][0]) == (0.5, "mean")
    assert {"methods", "tiers", "tolerance"} <= set(cli.json("schema", "shared")["properties"])
    assert {"schema", "datasets", "weights"} == set(cli.json("schema", "datasets")["properties"])
