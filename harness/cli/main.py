"""Entry point: builds the parser without importing what commands need, and turns errors into exit codes."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from harness.cli.output import log
from harness.cli.parser import Parser
from harness.errors import HarnessError, StoreError
from harness.escaping import tolerate_any_character
from harness.streams import open_closed_streams, say

if TYPE_CHECKING:
    from harness.project import Project

COMMANDS = (
    "list",
    "show",
    "init",
    "check",
    "plan",
    "fetch",
    "run",
    "score",
    "rescore",
    "export",
    "images",
    "picture",
    "submit",
    "verify",
    "objects",
    "try",
    "merge",
    "table",
    "compare",
    "status",
    "gate",
    "report",
    "comment",
    "archive",
    "env",
    "schema",
    "cache",
    "audit",
)
"""Each is a module of `harness.cli` with `HELP`, `add_arguments(parser)` and `run(project, arguments) -> exit code`."""

MODULES = {"try": "trial"}
"""Modules of commands whose names are words of Python."""

EXIT_INTERRUPTED = 130
EXIT_INTERNAL = 70
EPILOG = """\
exit codes: 0 ok, 1 regression or broken claim, 2 user error, 3 incomplete (failed or missing cells), 4 no baseline,
  70 internal error
Results go to stdout, progress and logs to stderr; `harness COMMAND --help` lists the options of a command.
"""


class _Version(argparse.Action):
    """Look the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        from harness.model import DISTRIBUTION

        print(f"harness {version(DISTRIBUTION)}")
        parser.exit()


def build_parser() -> Parser:
    """Return the parser of every command."""
    parser = Parser(
        prog="harness",
        description="Benchmark and reproducibility harness for instance segmentation in bioimaging.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in COMMANDS:
        module = import_module(f"harness.cli.{MODULES.get(name, name)}")
        command = commands.add_parser(name, help=module.HELP, description=module.__doc__)
        module.add_arguments(command)
        command.set_defaults(handler=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; a `HarnessError` becomes one line, any other error a traceback.

    The code stands whether or not anybody reads to the end what the command prints.
    """
    open_closed_streams()
    tolerate_any_character(sys.stdout, sys.stderr)
    words = sys.argv[1:] if argv is None else argv
    try:
        arguments = build_parser().parse_args(words)
    except SystemExit:  # help, the version, a mistake
        with contextlib.suppress(StoreError):  # the code says what has become of the command
            say(sys.stdout, "")
        raise
    arguments.words = words
    try:
        code: int = arguments.handler(_project(arguments), arguments)
        say(sys.stdout, "")
    except HarnessError as error:
        for line in str(error).splitlines():
            log(f"harness: error: {line}")
        return error.exit_code
    except KeyboardInterrupt:
        log("harness: interrupted")
        return EXIT_INTERRUPTED
    except OSError as error:
        if error.filename is None:
            return _internal_error()
        log(f"harness: error: {os.fsdecode(error.filename)}: {error.strerror}")
        return HarnessError.exit_code
    except Exception as error:  # whatever a bug raises: exit code 1 would say "regression"
        if _is_of_an_interrupt(error):
            log(f"harness: interrupted ({type(error).__name__}: {error})")
            return EXIT_INTERRUPTED
        return _internal_error()
    return code


def _is_of_an_interrupt(error: BaseException) -> bool:
    """Return whether an error was raised while an interrupt was handled, as a lock does that was waited for."""
    cause = error.__context__
    while cause is not None and not isinstance(cause, KeyboardInterrupt):
        cause = cause.__context__
    return cause is not None


def _internal_error() -> int:
    """Write the traceback of the exception at hand and return the exit code of a bug."""
    log(traceback.format_exc().rstrip())
    log("harness: internal error: please report it with the lines above")
    return EXIT_INTERNAL


def _project(arguments: argparse.Namespace) -> Project:
    """Return the project that a command works on, found once."""
    from harness.project import Project

    return Project.find(
        plugins=getattr(arguments, "plugins", ()),
        catalogues=getattr(arguments, "catalogues", ()),
        methods=getattr(arguments, "methods", ()),
        added_metrics=getattr(arguments, "added_metrics", ()),
        settings=getattr(arguments, "settings", ()),
    )


if __name__ == "__main__":
    sys.exit(main())
