"""On which line of a TOML file each key stands, which the standard library's parser does not say."""

from __future__ import annotations

import tomllib

KeyPath = tuple[str | int, ...]
"""Keys of tables and indices of arrays, from the top of the file down."""


def key_lines(text: str) -> dict[KeyPath, int]:
    """Map every key path of valid TOML to its 1-based line, arrays and inline tables included."""
    return _LineScanner(text).scan()


class _LineScanner:
    """Walks valid TOML once; only strings, comments, brackets, keys and newlines matter for lines."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[KeyPath, int] = {}
        self.tables: dict[KeyPath, int] = {}
        self._counted = (0, 1)

    def scan(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        while self._skip_blank():
            if self.text.startswith("[", self.at):
                table = self._header()
            else:
                self._pair(table)
        return self.lines

    def _line(self) -> int:
        at, line = self._counted
        self._counted = (self.at, line + self.text.count("\n", at, self.at))
        return self._counted[1]

    def _mark(self, path: KeyPath, line: int) -> None:
        """Note where a key stands; a table that has no header of its own stands where its first key does."""
        self.lines[path] = line
        for length in range(1, len(path)):
            self.lines.setdefault(path[:length], line)

    def _skip_blank(self) -> bool:
        while self.at < len(self.text):
            if self.text[self.at] == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif self.text[self.at] in " \t\r\n,":
                self.at += 1
            else:
                return True
        return False

    def _header(self) -> KeyPath:
        is_array = self.text.startswith("[[", self.at)
        line = self._line()
        self.at += 2 if is_array else 1
        names = self._key("]")
        self.at += 2 if is_array else 1
        path: KeyPath = ()
        for depth, name in enumerate(names):
            path += (name,)
            if path in self.tables and not (is_array and depth == len(names) - 1):
                path += (self.tables[path],)
        if is_array:
            self.tables[path] = self.tables.get(path, -1) + 1
            self.lines.setdefault(path, line)
            path += (self.tables[path],)
        self._mark(path, line)
        return path

    def _key(self, end: str) -> list[str]:
        names: list[str] = []
        while self.text[self.at] != end:
            char = self.text[self.at]
            if char in "\"'":
                start = self.at
                self._string(char)
                names.append(next(iter(tomllib.loads(f"{self.text[start : self.at]} = 0"))))
            elif char in " \t.":
                self.at += 1
            else:
                start = self.at
                while self.text[self.at] not in f" \t.{end}":
                    self.at += 1
                names.append(self.text[start : self.at])
        return names

    def _pair(self, table: KeyPath) -> None:
        line = self._line()
        path = (*table, *self._key("="))
        self._mark(path, line)
        self.at += 1
        self._skip_blank()
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        char = self.text[self.at]
        if char == "[":
            self.at += 1
            index = 0
            while self._skip_blank() and self.text[self.at] != "]":
                self.lines[(*path, index)] = self._line()
                self._value((*path, index))
                index += 1
            self.at += 1
        elif char == "{":
            self.at += 1
            while self._skip_blank() and self.text[self.at] != "}":
                self._pair(path)
            self.at += 1
        elif char in "\"'":
            self._string(char)
        else:
            while self.at < len(self.text) and self.text[self.at] not in ",]}#\n":
                self.at += 1

    def _string(self, quote: str) -> None:
        close = quote * 3 if self.text.startswith(quote * 3, self.at) else quote
        self.at += len(close)
        while not self.text.startswith(close, self.at):
            self.at += 2 if quote == '"' and self.text[self.at] == "\\" else 1
        self.at += len(close)
        while len(close) == 3 and self.text.startswith(quote, self.at):
            self.at += 1
