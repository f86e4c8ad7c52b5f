"""Start-up, help, version, and what becomes of errors."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
from importlib import import_module
from pathlib import Path

import pytest

from harness.cli import check
from harness.cli.main import COMMANDS, MODULES, build_parser, main
from harness.errors import ConfigError
from harness.project import Project
from tests.cli.project import Cli


def _subprocess(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    out = capsys.readouterr().out
    for command in COMMANDS:
        assert f"\n    {command} " in out
    assert "exit codes: 0 ok" in out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_a_handler(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    module = import_module(f"harness.cli.{MODULES.get(command, command)}")
    assert callable(module.run)
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    assert "usage: harness" in capsys.readouterr().out


def test_unknown_commands_and_options_exit_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["fly"], ["run", "toy", "--tier", "huge"], []):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == 2
        assert capsys.readouterr().out == ""


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out.startswith("harness 0.")


def test_building_the_parser_imports_nothing_heavy() -> None:
    code = (
        "import sys; from harness.cli.main import build_parser; build_parser();"
        "print(sorted({'numpy', 'pydantic', 'scipy', 'rich', 'pooch', 'torch', 'jinja2'} & set(sys.modules)))"
    )
    assert _subprocess("-c", code).stdout.strip() == "[]"


def test_the_package_runs_as_a_module() -> None:
    done = _subprocess("-m", "harness", "--help")
    assert done.returncode == 0
    assert "usage: harness" in done.stdout


def test_user_errors_are_one_line_each_on_stderr(cli: Cli) -> None:
    code, out, err = cli("table", "tpy")
    assert (code, out) == (2, "")
    assert err == "harness: error: unknown suite 'tpy'; did you mean 'toy'?\n"


@pytest.mark.parametrize(
    ("error", "code"), [(ConfigError("one\ntwo"), 2), (KeyboardInterrupt(), 130)], ids=["several lines", "interrupt"]
)
def test_exit_codes_of_errors(cli: Cli, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int) -> None:
    def fail(project: Project, arguments: argparse.Namespace) -> int:
        raise error

    monkeypatch.setattr(check, "run", fail)
    found, _, err = cli("check")
    assert found == code
    assert all(line.startswith("harness: ") for line in err.splitlines())


def test_what_a_lock_raises_of_an_interrupt_is_an_interrupt(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(project: Project, arguments: argparse.Namespace) -> int:
        try:
            raise KeyboardInterrupt
        finally:
            threading.Lock().release()

    monkeypatch.setattr(check, "run", fail)
    assert cli("check") == (130, "", "harness: interrupted (RuntimeError: release unlocked lock)\n")


@pytest.mark.parametrize("error", [ZeroDivisionError("x"), OSError(5, "no file is named")])
def test_bugs_keep_their_traceback_and_are_no_regression(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(project: Project, arguments: argparse.Namespace) -> int:
        raise error

    monkeypatch.setattr(check, "run", fail)
    code, _, err = cli("check")
    assert code == 70
    assert "Traceback" in err
    assert type(error).__name__ in err
    assert err.endswith("harness: internal error: please report it with the lines above\n")


def test_a_file_that_cannot_be_used_is_named_on_one_line(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(project: Project, arguments: argparse.Namespace) -> int:
        raise PermissionError(13, "Permission denied", "cache/x")

    monkeypatch.setattr(check, "run", fail)
    assert cli("check") == (2, "", "harness: error: cache/x: Permission denied\n")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_terminal_of_any_encoding_shows_a_table(cli: Cli, encoding: str) -> None:
    cli.fake_records()
    command = [sys.executable, "-m", "harness", "table", "toy"]
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = subprocess.run(command, cwd=cli.folder, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "±".encode(encoding, "backslashreplace") in done.stdout


def test_a_reader_that_leaves_is_no_error() -> None:
    command = f"{sys.executable} -m harness schema suite | head -n 1"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout == "{\n"


@pytest.mark.parametrize("streams", ["| head -c 1", "2>&1 | head -c 1", ">&-", "2>&-", ">&- 2>&-"])
def test_the_exit_code_stands_whoever_reads(cli: Cli, streams: str) -> None:
    """A gate that nobody reads is no passed one."""
    for name in ("baseline", "results"):
        (cli.folder / name).mkdir()
    command = f"{sys.executable} -m harness gate toy --baseline baseline --results results"
    wanted = subprocess.run(["bash", "-c", command], cwd=cli.folder, capture_output=True, check=False).returncode
    assert wanted == 4
    script = f"set -o pipefail; {command} {streams}"
    assert subprocess.run(["bash", "-c", script], cwd=cli.folder, capture_output=True, check=False).returncode == wanted


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="this system has no device that is always full")
def test_results_that_cannot_be_written_are_an_error_and_progress_is_not(cli: Cli) -> None:
    command = f"{sys.executable} -m harness list metrics"
    done = subprocess.run(["bash", "-c", f"{command} > /dev/full"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        2,
        "harness: error: <stdout>: cannot be written (No space left on device)\n",
    )
    assert subprocess.run(["bash", "-c", f"{command} 2> /dev/full"], capture_output=True, check=False).returncode == 0


def test_the_parser_knows_its_handler() -> None:
    assert build_parser().parse_args(["env"]).handler.__module__ == "harness.cli.env"
