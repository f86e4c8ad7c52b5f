from __future__ import annotations

import zipfile

from tests.cli.project import Cli


def test_the_archive_is_one_zip(cli: Cli) -> None:
    cli.fake_records()
    code, out, err = cli("archive", "--out", "a.zip", "--author", "Ann", "--date", "2026-01-31")
    assert (code, out) == (0, "a.zip\n")
    assert "each with its checksum" in err
    with zipfile.ZipFile("a.zip") as archive:
        assert b'name: "Ann"' in archive.read("CITATION.cff")
    assert cli("archive", "--out", "a.tar")[0] == 2
    code, _, err = cli("archive", "--out", "a.zip", "--date", "yesterday")
    assert (code, "--date is 'yesterday'; accepted: a day as YYYY-MM-DD" in err) == (2, True)
