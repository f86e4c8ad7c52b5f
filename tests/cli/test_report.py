"""The report from the command line."""

from __future__ import annotations

from tests.cli.project import Cli


def test_report(cli: Cli) -> None:
    cli.fake_records()
    code, out, err = cli("report", "--output", "site")
    assert (code, out, err) == (0, "site/index.html\n", "report: toy smoke\n")
    assert (cli.folder / "site" / "toy-v1-smoke.html").exists()
