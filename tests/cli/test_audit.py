"""The audit from the command line."""

from __future__ import annotations

from tests.cli.project import Cli


def test_what_is_altered_has_an_exit_code_of_its_own(cli: Cli) -> None:
    assert cli("run", "toy")[0] == 0
    code, out, err = cli("audit")
    assert (code, out) == (0, ""), out
    assert "4 records" in err
    path = cli.store().scores_path
    path.write_text(path.read_text().replace('"seed":', '"seed":1', 1))
    code, out, _ = cli("audit")
    assert code == 1
    assert "its checksum is not that of its content" in out
    code, out, _ = cli("audit", "--json")
    assert code == 1
    assert '"sound": false' in out
