"""The one error tree of the harness: every user mistake is a `HarnessError` and is printed as one line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches

MOST_GUESSES = 3
"""Of names that have the word that was given."""


_UNBROKEN = re.compile(r"\S{400,}")
"""What no reader can use of a message: a value of a page's length."""


class HarnessError(Exception):
    """A mistake the user can mend; the command line prints it as one line and exits with 2."""

    exit_code = 2

    def __str__(self) -> str:
        """Return the message, with words of 400 characters and more cut in their middle."""
        return _UNBROKEN.sub(lambda word: f"{word[0][:120]}…{word[0][-60:]}", super().__str__())


class ConfigError(HarnessError):
    """A TOML file (suite, dataset catalogue) that does not say what it must."""


class ParameterError(HarnessError):
    """A stage parameter that is unknown, of the wrong type or out of range."""


class ChainError(HarnessError):
    """Stages in an order in which one of them lacks its input."""


class RegistryError(HarnessError):
    """An unknown or doubly registered stage, metric or dataset."""


class DataError(HarnessError):
    """A data file that is absent, truncated, of another shape or type than declared, or unsafe to unpack."""


class ChecksumError(DataError):
    """Bytes whose hash is not the declared one."""


class FetchError(DataError):
    """A file that none of its addresses delivered."""


class BackendError(HarnessError):
    """A stage whose library is missing or broken on this machine."""


class LabelError(HarnessError):
    """An array that cannot be a label image: floats, negative values, another shape than its partner."""


class StoreError(HarnessError):
    """A results folder that cannot be read or written."""


class IncompleteError(StoreError):
    """Something asked for is not there and could not be made good: records that were lost, predictions not at hand."""

    exit_code = 3


class BaselineError(StoreError):
    """A baseline that cannot be had, so that there is nothing to compare with."""

    exit_code = 4


class Gathered:
    """Mistakes that are noted one after the other, to be said all at once.

    >>> found = Gathered()
    >>> for name in "ab":
    ...     with found.noting():
    ...         raise ConfigError(f"no {name}")
    >>> found.problems
    ['no a', 'no b']
    """

    def __init__(self) -> None:
        self._errors: list[HarnessError] = []

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Note the mistake that the code inside raises, and go on."""
        try:
            yield
        except HarnessError as error:
            self._errors.append(error)

    @property
    def problems(self) -> list[str]:
        """The mistakes so far, one a line, each once."""
        return list(dict.fromkeys(line for error in self._errors for line in str(error).splitlines()))

    def raise_all(self) -> None:
        """Raise what was noted, if anything: an error as it was, several as one `ConfigError`."""
        if len(self._errors) == 1:
            raise self._errors[0]
        if self._errors:
            raise ConfigError("\n".join(self.problems))


MOST_NAMES = 40
"""Accepted names that a message lists."""


def nearest(found: str, accepted: Iterable[str]) -> str:
    """Return the tail of a message about an unknown name: the nearest accepted one, else all of them (at most 40).

    >>> nearest("gaps", ["gasp", "multicut"])
    "; did you mean 'gasp'?"
    >>> nearest("otsu", ["otsu-components", "multicut"])
    "; did you mean 'otsu-components'?"
    """
    names = sorted(accepted)
    words = [
        name
        for name in names
        if found and (name.startswith(found) or found.lower() in re.split(r"[-_./:]", name.lower()))
    ]
    close = get_close_matches(found, names, n=1) or words[:MOST_GUESSES]
    if close:
        quoted = [f"'{name}'" for name in close]
        return f"; did you mean {' or '.join(quoted)}?"
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"; accepted: {', '.join(names[:MOST_NAMES])}{more}" if names else ""
