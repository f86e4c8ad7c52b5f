"""The changes of a module: mutmut makes them, all of them in one text, in which one at a time can be switched on."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher, unified_diff
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
STRICT = re.compile(r",?\s*strict=(True|False|None),?|,\s*(?=\))|\s")
ORIGINAL = "__mutmut_orig"
"""How the name of the unchanged copy of a function ends."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a function.

    name      mutmut's: the module, the function and a number
    lines     the lines of `Changed.code`, within the unchanged copy of the function, of which one runs if what is
              changed does: those of its statement, of the whole function where it lies in none
    function  the lines of that copy
    text      the change as a difference of two texts
    aside     why it is left aside, as `left_aside` says; "" where it is tried
    """

    name: str
    lines: frozenset[int]
    function: range
    text: str
    aside: str

    @property
    def brief(self) -> str:
        """What stands where something was changed, on one line; "without" what was there where nothing does."""
        lines = self.text.splitlines()[2:]
        added, removed = (" ".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "+-")
        return added or f"without {removed}"


@dataclass(frozen=True, slots=True)
class Changed:
    """A module with all its changes: `code` is the module that takes the one which the environment names."""

    module: str
    code: str
    changes: tuple[Change, ...]


def modules(configured: Mapping[str, Any], named: Sequence[str]) -> list[str]:
    """Return the modules to change: those configured; where names are given those below them, in their order."""
    kept = {path for pattern in configured["only_mutate"] for path in ROOT.glob(pattern)}
    kept -= {path for pattern in configured["do_not_mutate"] for path in ROOT.glob(pattern)}
    named_files = (path.relative_to(ROOT).with_suffix("") for path in kept if path.name != "__init__.py")
    found = sorted(".".join(path.parts) for path in named_files)
    if not named:
        return found
    return list(dict.fromkeys(module for one in named for module in found if f"{module}.".startswith(f"{one}.")))


def source_of(module: str) -> Path:
    """Return the file of a module."""
    return ROOT / f"{module.replace('.', '/')}.py"


def own_tests(module: str) -> str:
    """Return the file of tests that has a module's name."""
    *rooms, name = module.split(".")[1:]
    return "/".join(("tests", *rooms, f"test_{name}.py"))


def changed(module: str) -> Changed:
    """Return a module with all its changes."""
    from mutmut.mutation.file_mutation import mutate_file_contents

    made = mutate_file_contents(str(source_of(module)), source_of(module).read_text(encoding="utf-8"))
    lines = made.code.splitlines()
    statements = {node.name: list(_statements(node)) for node in _functions(ast.parse(made.code))}
    changes = []
    for name in made.mutant_names:
        original = f"{name.rpartition('__mutmut_')[0]}{ORIGINAL}"
        span, other = (made.line_span_by_function_name[one] for one in (original, name))
        before = _text(lines[span.start - 1 : span.end], original)
        after = _text(lines[other.start - 1 : other.end], name)
        differ = [line + span.start for line in _differing(before, after)]
        reached = [lines for lines in statements[original] if any(line in lines for line in differ)]
        text = "\n".join(unified_diff(before, after, lineterm="", n=2))
        whole = range(span.start, span.end + 1)
        ran = frozenset(line for lines in reached or [whole] for line in lines)
        changes.append(Change(f"{module}.{name}", ran, whole, text, left_aside(text)))
    return Changed(module, made.code, tuple(changes))


def left_aside(change: str) -> str:
    """Return the kind of a change, as a difference of texts, that is left aside by rule; "" for any other.

    words   letters of a text with a space in it, which is for people
    strict  a guard of `zip`, of sequences that are equally long by how they are made
    """
    old, new = (
        "\n".join(re.findall(rf"^{re.escape(sign)}(?!{re.escape(sign)})(.*)$", change, re.MULTILINE)) for sign in "-+"
    )
    if STRICT.sub("", old) == STRICT.sub("", new):
        return "strict"
    if TEXT.sub('""', old) != TEXT.sub('""', new):
        return ""
    altered = [(one, other) for one, other in zip(TEXT.findall(old), TEXT.findall(new), strict=True) if one != other]
    return "words" if altered and all(_are_words(*texts) for texts in altered) else ""


def _are_words(one: str, other: str) -> bool:
    return " " in one and one.lower() == other.replace("XX", "").lower()


def _text(lines: Sequence[str], name: str) -> list[str]:
    """Return the lines of a copy of a function, under the function's name."""
    own = re.sub(r"__mutmut_\w+$", "", name)
    return [line.replace(name, own) for line in lines]


def _differing(before: Sequence[str], after: Sequence[str]) -> Iterator[int]:
    """Yield the lines of a text, from 0, that another one has otherwise or not at all."""
    for tag, first, last, _, _ in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag != "equal":
            yield from range(first, max(last, first + 1))


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the unchanged copies of functions and methods."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.endswith(ORIGINAL):
            yield node


def _statements(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[range]:
    """Yield the lines of each statement of a function without those of its body, where it has one."""
    for node in ast.walk(function):
        if node is function or not isinstance(node, ast.stmt | ast.excepthandler):
            continue
        within = getattr(node, "body", None) or [case.pattern for case in getattr(node, "cases", [])]
        last = within[0].lineno - 1 if within else node.end_lineno or node.lineno
        yield range(node.lineno, max(last, node.lineno) + 1)
