from __future__ import annotations

import errno
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from harness.errors import IncompleteError, StoreError
from harness.store import Store, find_stores, read_results
from tests.store.helpers import a_record, a_timing


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path, "demo", 1, "smoke")


def test_records_come_back_exactly(store: Store) -> None:
    score = 0.1 + 0.2
    with store.open() as writer:
        writer.add(a_record(score=score), a_timing())
        writer.add(a_record(sample="s1", score=math.nan), None)
        assert len(store.records()) == 2, "a reader sees a running writer's cells"
    first, second = store.records()
    assert first == a_record(score=score)
    assert math.isnan(second.metrics["map.gonuclear"])
    assert '"map.gonuclear":null' in store.scores_path.read_text()
    assert store.timings() == (a_timing(),)
    assert not store.journal_path.exists()


def test_order_is_the_suites_and_one_record_stands_per_place(store: Store) -> None:
    order = [a_record("b").id, a_record("a").id]
    with store.open(order) as writer:
        writer.add(a_record("a"))
        writer.add(a_record("z"))
        writer.add(a_record("b", score=0.3))
        writer.add(a_record("b", score=0.4, cell="k2"))
    assert [(r.row, r.cell) for r in store.records()] == [("b", "k2"), ("a", "k"), ("z", "k")]
    before = store.scores_path.stat().st_mtime_ns
    with store.open(order):
        pass
    assert store.scores_path.stat().st_mtime_ns == before, "nothing new, nothing rewritten"
    with store.open() as writer:
        writer.add(a_record("c"))
    assert [r.row for r in store.records()] == ["b", "a", "z", "c"]


@pytest.mark.parametrize("value", ['"a"', "null", '["a"]', "{}"])
def test_a_line_without_a_place_is_named_when_the_order_is_looked_at(store: Store, value: str) -> None:
    with store.open() as writer:
        writer.add(a_record("a"))
    text = store.scores_path.read_text()
    store.scores_path.write_text(text.replace('"repeat":0', f'"repeat":{value}'))
    with pytest.raises(StoreError, match=r"scores\.jsonl:1: key 'repeat'"):
        store.open([a_record("a").id])
    store.scores_path.write_text("[1]\n")
    with pytest.raises(StoreError, match=r"scores\.jsonl:1"):
        store.open([a_record("a").id])


def test_second_writer_is_refused_and_told_who_holds_the_folder(store: Store) -> None:
    with store.open(), pytest.raises(StoreError, match=rf"v1/smoke: another run \(process {os.getpid()}\)"):
        store.open()
    store.open().close()


def test_timings_of_machines_are_apart_and_the_newest_wins(store: Store) -> None:
    with store.open() as writer:
        writer.add(a_record(), a_timing(machine="m/1"))
        writer.add(a_record(), a_timing(machine="m2"))
        writer.add(a_record(), a_timing(machine="m2", first_s=0.25))
    assert [timing.run_s for timing in store.timings("m2")] == [0.25]
    assert sorted(path.name for path in (store.folder / "timings").iterdir()) == ["m-1.jsonl", "m2.jsonl"]


KILLED_WRITER = """
    import os, signal, sys
    from pathlib import Path
    from harness.store import Store
    from tests.store.helpers import a_record, a_timing
    writer = Store(Path(sys.argv[1]), "demo", 1, "smoke").open()
    for number in range(5):
        writer.add(a_record(sample=f"s{number}"), a_timing(sample=f"s{number}"))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_killed_writer_loses_nothing_that_was_added(store: Store, tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(KILLED_WRITER), str(tmp_path)], cwd=root, check=False)
    assert done.returncode == -signal.SIGKILL
    with store.journal_path.open("a") as handle:
        handle.write('{"record":{"cell":"torn')
    assert len(store.records()) == 5
    assert [found.folder for found in find_stores(tmp_path)] == [store.folder]
    with store.open() as writer:
        writer.add(a_record("b"))
    assert len(read_results(tmp_path, "demo", "smoke")) == 6
    assert len(store.timings()) == 5


def test_corrupt_lines_are_errors_with_file_and_line(store: Store) -> None:
    with store.open() as writer:
        writer.add(a_record())
        writer.add(a_record("b"))
    lines = store.scores_path.read_text().splitlines()
    store.scores_path.write_text("\n".join([lines[0], lines[1][:30], lines[1]]) + "\n")
    with pytest.raises(StoreError, match=r"scores\.jsonl:2: not a JSON object"):
        store.records()
    store.journal_path.write_text("{]\n" + f'{{"record":{lines[0]},"timing":null}}\n')
    store.scores_path.write_text("")
    with pytest.raises(StoreError, match=r"scores\.journal:1: not a JSON object"):
        store.open()
    store.journal_path.write_text(f"{lines[0]}\n")
    with pytest.raises(StoreError, match=r"scores\.journal:1: a journal line holds"):
        store.records()
    store.journal_path.unlink()
    store.open().close()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"status": "fine"}, r"scores\.jsonl:1: key 'status'"),
        ({"colour": 1}, r"scores\.jsonl:1: key 'colour'"),
        ({"schema": 99}, r"scores\.jsonl:1: record of schema 99, written by a newer version"),
        ({"schema": "x"}, r"scores\.jsonl:1: not a record"),
    ],
)
def test_lines_of_another_form_are_errors(store: Store, change: dict[str, object], message: str) -> None:
    store.folder.mkdir(parents=True)
    store.scores_path.write_text(json.dumps(json.loads(a_record().to_line()) | change) + "\n")
    with pytest.raises(StoreError, match=message):
        store.records()


def test_full_disk_loses_nothing_stored(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    real_write = os.write
    is_full = False

    def write(fd: int, content: bytes) -> int:
        if is_full:
            if len(content) > 20:
                return real_write(fd, bytes(content)[:20])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real_write(fd, content)

    monkeypatch.setattr(os, "write", write)
    writer = store.open()
    writer.add(a_record(), a_timing())
    is_full = True
    with pytest.raises(StoreError, match=r"scores\.journal: cannot be written \(No space left on device\)"):
        writer.add(a_record("b"))
    assert [record.row for record in store.records()] == ["a"]
    with pytest.raises(StoreError, match=r"timings/m\.jsonl: cannot be written"):
        writer.close()
    assert [record.row for record in store.records()] == ["a"]
    assert not list(store.folder.rglob("*.partial"))
    is_full = False
    with store.open() as writer:
        writer.add(a_record("b"))
    assert [record.row for record in store.records()] == ["a", "b"]


def test_file_size_limit_of_the_system_is_a_store_error(store: Store, tmp_path: Path) -> None:
    code = """
        import resource, signal, sys
        from pathlib import Path
        from harness.errors import IncompleteError, StoreError
        from harness.store import Store
        from tests.store.helpers import a_record
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
        writer = Store(Path(sys.argv[1]), "demo", 1, "smoke").open()
        try:
            for number in range(100):
                writer.add(a_record(sample=f"s{number:03}"))
        except StoreError as error:
            sys.exit(f"{number} {error}")
    """
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)]
    done = subprocess.run(command, cwd=root, check=False, capture_output=True, text=True)
    number = int(done.stderr.split()[0])
    assert number > 0
    assert "File too large" in done.stderr
    assert len(store.records()) == number
    store.open().close()
    assert len(store.records()) == number


def test_records_of_another_suite_and_infinite_scores_are_refused(store: Store, tmp_path: Path) -> None:
    with Store(tmp_path, "demo", 2, "smoke").open() as writer, pytest.raises(StoreError, match="belongs elsewhere"):
        writer.add(a_record())
    with store.open() as writer, pytest.raises(StoreError, match=r"metric 'map\.gonuclear' is inf"):
        writer.add(a_record(score=math.inf))


def test_unreadable_folder_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("a file where a folder should be")
    with pytest.raises(StoreError, match="cannot be locked"):
        Store(tmp_path, "demo", 1, "smoke").open()


def test_newest_version_is_read(tmp_path: Path, store: Store) -> None:
    with store.open() as writer:
        writer.add(a_record())
    from dataclasses import replace

    with Store(tmp_path, "demo", 2, "mini").open() as writer:
        writer.add(replace(a_record(), version=2, tier="mini"))
    assert [record.version for record in read_results(tmp_path, "demo")] == [2]
    assert [record.version for record in read_results(tmp_path, "demo", version=1)] == [1]
    assert read_results(tmp_path, "none") == ()


def test_tables_and_environments_are_kept(store: Store) -> None:
    assert store.write_table("table.md", "| a |\n").read_text() == "| a |\n"
    with store.open() as writer:
        writer.add_environment("f", {"python": "3.11"})
    assert store.environments() == {"f": {"python": "3.11"}}


@pytest.mark.parametrize("copy", ["older", "of another machine", "torn"])
def test_nothing_is_lost_that_others_replace_while_a_writer_has_the_folder(store: Store, copy: str) -> None:
    """A sync client or `git checkout` brings a copy that lacks records which the run takes for done."""
    with store.open() as writer:
        writer.add(a_record("old"), a_timing("old"))
    timings = next(store.folder.glob("timings/*.jsonl"))
    older = {path: path.read_bytes() for path in (store.scores_path, timings)}
    with store.open() as writer:
        writer.add(a_record("done"), a_timing("done"))
        writer.add_environment("f", {"python": "3.11"})
    said: list[str] = []
    with store.open(log=said.append) as writer:
        writer.add(a_record("new"), a_timing("new"))
        for path, content in older.items():
            other = content.replace(b'"row":"old"', b'"row":"elsewhere"') if copy == "of another machine" else content
            path.write_bytes(other[:-9] if copy == "torn" else other)
        (store.folder / "environments" / "f.json").write_text("{}")
    rows = {"old", "done", "new", *(["elsewhere"] if copy == "of another machine" else [])}
    assert {record.row for record in store.records()} == rows
    assert {timing.row for timing in store.timings()} == rows
    assert store.environments() == {"f": {"python": "3.11"}}
    assert sum("was replaced while this run had the folder" in line for line in said) == 3


@pytest.mark.parametrize("harm", ["journal", "lock", "folder"])
def test_nothing_is_lost_that_others_remove_while_a_writer_has_the_folder(store: Store, harm: str) -> None:
    with store.open() as writer:
        writer.add(a_record("before"), a_timing("before"))
    said: list[str] = []
    with store.open(log=said.append) as writer:
        writer.add_environment("f", {"python": "3.11"})
        writer.add(a_record("a"), a_timing("a"))
        if harm == "folder":
            shutil.rmtree(store.folder.parents[1])
        else:
            (store.journal_path if harm == "journal" else store.folder / ".lock").unlink()
        writer.add(a_record("b"), a_timing("b"))
    assert {record.row for record in store.records()} == {"before", "a", "b"}
    assert {timing.row for timing in store.timings()} == {"before", "a", "b"}
    assert store.environments() == {"f": {"python": "3.11"}}
    assert any(f"{'scores.jsonl' if harm == 'folder' else harm}: was removed" in line for line in said)


def test_a_folder_that_another_writer_took_is_not_written(store: Store) -> None:
    writer = store.open()
    writer.add(a_record("a"))
    (store.folder / ".lock").unlink()
    with store.open() as other:
        other.add(a_record("b"))
        with pytest.raises(IncompleteError, match="another run"):
            writer.add(a_record("c"))
        with pytest.raises(IncompleteError, match="another run"):
            writer.close()
    assert [record.row for record in store.records()] == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "message"), [(b"{", "not JSON"), (b"[" * 100_000, "not JSON"), (b"\xff", "not JSON"), (b"[1]", "found")]
)
def test_an_environment_that_cannot_be_read_is_named(store: Store, content: bytes, message: str) -> None:
    (store.folder / "environments").mkdir(parents=True)
    (store.folder / "environments" / "f.json").write_bytes(content)
    with pytest.raises(StoreError, match=rf"environments/f\.json: .*{message}"):
        store.environments()
