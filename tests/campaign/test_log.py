from __future__ import annotations

from pathlib import Path

from tests.campaign.log import Log


def test_a_campaign_goes_on_where_it_was_and_counts_add_up(tmp_path: Path) -> None:
    log = Log(tmp_path / "log.jsonl")
    assert log.following("kills", 0, 3) == 3
    for number, seen in ((3, "read"), (4, "refused"), (6, "AssertionError: a record is lost")):
        log.note("kills", 0, number, seen)
    log.note("flips", 1, 0, "read")
    again = Log(tmp_path / "log.jsonl")
    assert [again.following("kills", 0, first) for first in (0, 3, 6)] == [0, 5, 7]
    assert again.following("kills", 1, 3) == 3
    figures = {one.what: (one.value, one.is_met) for one in again.figures({"kills": 5})}
    assert figures == {"kills: 15 tried": (1, False), "flips: 1 tried": (0, True)}


def test_figures_say_how_much_damage_was_found_and_how_much_was_harmless() -> None:
    log = Log(None)
    for number, seen in enumerate(("found", "harmless", "found", "refused", "AssertionError: passes")):
        log.note("flips", 0, number, seen)
    assert [(one.what, one.value) for one in log.figures({})] == [("flips: 5 tried, 3 found, 1 harmless", 1)]


def test_without_a_file_nothing_is_kept() -> None:
    log = Log(None)
    log.note("kills", 0, 0, "read")
    assert log.counts()["kills"].total() == 1
