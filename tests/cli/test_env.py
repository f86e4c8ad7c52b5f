"""The environment, as text and as JSON."""

from __future__ import annotations

from tests.cli.project import Cli


def test_environment(cli: Cli) -> None:
    value = cli.json("env", "--threads", "3", "--json")
    assert value["threads"] == 3
    assert {"fingerprint", "code", "python", "machine", "packages"} <= set(value)
    code, out, _ = cli("env")
    assert code == 0
    assert out.startswith("fingerprint: ")
    assert "  numpy: " in out
