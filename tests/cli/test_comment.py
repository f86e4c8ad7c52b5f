from __future__ import annotations

from tests.cli.project import Cli


def test_the_comment_is_markdown(cli: Cli) -> None:
    cli.fake_records()
    code, out, _ = cli("comment", "toy", "--tier", "smoke", "--baseline", "runs", "--pictures", "pictures")
    assert code == 0
    assert out.startswith("## Toy \\| suite (table 0): smoke tier\n")
    assert "No row of the suite changed." in out
