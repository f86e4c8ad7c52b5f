from __future__ import annotations

import inspect

import pytest

from harness import errors
from harness.errors import BaselineError, ConfigError, DataError, Gathered, HarnessError, IncompleteError, nearest

TREE = [item for _, item in inspect.getmembers(errors, inspect.isclass) if issubclass(item, HarnessError)]


@pytest.mark.parametrize("error", TREE)
def test_every_error_is_of_the_one_tree_and_documented(error: type[HarnessError]) -> None:
    assert issubclass(error, HarnessError)
    assert error.__doc__
    assert error.exit_code == {BaselineError: 4, IncompleteError: 3}.get(error, 2)


def test_nearest_names_the_closest() -> None:
    assert nearest("gaps", ["multicut", "gasp"]) == "; did you mean 'gasp'?"


def test_nearest_lists_all_where_none_is_close() -> None:
    assert nearest("zzzz", ["b", "a"]) == "; accepted: a, b"


def test_nearest_of_nothing_is_empty() -> None:
    assert nearest("x", []) == ""


def test_a_word_of_a_name_finds_the_names_that_have_it() -> None:
    assert nearest("otsu", ["otsu-components", "gasp"]) == "; did you mean 'otsu-components'?"
    assert nearest("sam", ["cellpose-sam", "sam-encode"]) == "; did you mean 'cellpose-sam' or 'sam-encode'?"


def test_gathered_mistakes_are_raised_together_each_once() -> None:
    found = Gathered()
    found.raise_all()
    for text in ("a\nb", "b", "c"):
        with found.noting():
            raise DataError(text)
    assert found.problems == ["a", "b", "c"]
    with pytest.raises(ConfigError, match=r"^a\nb\nc$"):
        found.raise_all()


def test_a_single_mistake_stays_what_it_was_and_a_bug_is_not_noted() -> None:
    found = Gathered()
    with found.noting():
        raise DataError("x")
    with pytest.raises(DataError, match="x"):
        found.raise_all()
    with pytest.raises(KeyError), found.noting():
        raise KeyError


def test_a_value_of_a_pages_length_is_cut_in_its_middle() -> None:
    value = "a" + "x" * 5000 + "b"
    assert str(ConfigError(f"f.toml:1: unknown dataset '{value}'; accepted: c")) == (
        f"f.toml:1: unknown dataset 'a{'x' * 118}…{'x' * 57}b'; accepted: c"
    )
    path = "/".join(["folder"] * 50)
    assert str(DataError(f"{path}: no such file")) == f"{path}: no such file"
