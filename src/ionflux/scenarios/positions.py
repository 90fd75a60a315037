"""Where things stand in a TOML file: line and column of every key and value, and limits on size and depth.

`tomllib` reads values and forgets where they stood. This reads the same text for its places only, in one pass that looks at every
character once, and refuses what is too large or too deep before anything else sees it. It need not find errors of syntax: `tomllib` does.
"""

from __future__ import annotations

import re
import tomllib
from typing import NamedTuple

#: bytes, and levels of tables, arrays and dotted keys
LARGEST, DEEPEST = 256 * 1024, 12

Path = tuple[str | int, ...]


class Place(NamedTuple):
    """A piece of a line: line and column from 1, and how many characters."""

    line: int
    column: int
    length: int


class Excess(Exception):  # noqa: N818  a limit, not an error of the program
    """The file is larger or deeper than a scenario may be, and where."""

    def __init__(self, what: str, place: Place) -> None:
        super().__init__(what)
        self.what, self.place = what, place


class Places:
    """The places of a file.

    Attributes
    ----------
    keys, values : mapping from path to Place
        A path is what leads to a value: ``("cell", "membrane", 2, "g")``.
    """

    def __init__(self, text: str) -> None:
        self.keys: dict[Path, Place] = {}
        self.values: dict[Path, Place] = {}
        self._text, self._at = text, 0
        self._line, self._line_start = 1, 0
        self._counts: dict[Path, int] = {}
        try:
            self._document()
        except _Lost:
            pass  # an error of syntax, which tomllib names

    def nearest(self, path: Path, *, key: bool = False) -> Place | None:
        """Return where a path stands, or what is nearest around it; the key in place of the value where `key` is true."""
        first, second = (self.keys, self.values) if key else (self.values, self.keys)
        while path:
            place = first.get(path) or second.get(path)
            if place is not None:
                return place
            path, (first, second) = path[:-1], (self.keys, self.values)
        return None

    # ---- reading: every method begins at what it reads and ends behind it
    def _document(self) -> None:
        base: Path = ()
        while True:
            self._skip()
            if self._at >= len(self._text):
                return
            if self._text.startswith("[", self._at):
                base = self._header()
            else:
                self._pair(base)

    def _header(self) -> Path:
        begin, double = self._at, self._text.startswith("[[", self._at)
        self._at += 2 if double else 1
        parts = self._key(())
        self._expect("]]" if double else "]")
        path: Path = ()
        for i, part in enumerate(parts):
            path = (*path, part)
            if double and i == len(parts) - 1:
                self._counts[path] = self._counts.get(path, 0) + 1
            self.keys.setdefault(path, self._place(begin))
            if path in self._counts:
                path = (*path, self._counts[path] - 1)
        self.keys[path] = self._place(begin)
        return path

    def _pair(self, base: Path) -> None:
        begin = self._at
        path = (*base, *self._key(base))
        place = self._place(begin)
        for n in range(len(base) + 1, len(path) + 1):
            self.keys.setdefault(path[:n], place)
        self._expect("=")
        self._blank()
        self._value(path)

    def _key(self, base: Path) -> list[str]:
        parts: list[str] = []
        while True:
            self._blank()
            found = _KEY.match(self._text, self._at)
            if found is None:
                raise _Lost
            bare, quoted, literal = found.groups()
            parts.append(bare if bare is not None else literal if literal is not None else _unescaped(quoted))
            if len(base) + len(parts) > DEEPEST:
                raise Excess(f"nested deeper than {DEEPEST} levels", self._place(self._at, found.end()))
            self._at = found.end()
            end = self._at
            self._blank()
            if not self._text.startswith(".", self._at):
                self._at = end
                return parts
            self._at += 1

    def _value(self, path: Path) -> None:
        if len(path) > DEEPEST:
            raise Excess(f"nested deeper than {DEEPEST} levels", self._place(self._at, self._at + 1))
        begin, line, line_start = self._at, self._line, self._line_start
        opening = self._text[begin : begin + 1]
        if opening in ("[", "{"):
            self._at += 1
            (self._elements if opening == "[" else self._members)(path)
        else:
            found = _SCALAR.match(self._text, begin)
            if found is None:
                raise _Lost
            self._move(found.end())
        stop = self._at if self._line == line else self._text.index("\n", begin)
        self.values[path] = Place(line, begin - line_start + 1, max(1, stop - begin))

    def _elements(self, path: Path) -> None:
        index = 0
        while True:
            self._skip()
            if self._text.startswith("]", self._at):
                self._at += 1
                return
            self._value((*path, index))
            index += 1
            self._skip()
            if self._text.startswith(",", self._at):
                self._at += 1
            elif not self._text.startswith("]", self._at):
                raise _Lost

    def _members(self, path: Path) -> None:
        while True:
            self._blank()
            if self._text.startswith("}", self._at):
                self._at += 1
                return
            self._pair(path)
            self._blank()
            if self._text.startswith(",", self._at):
                self._at += 1
            elif not self._text.startswith("}", self._at):
                raise _Lost

    def _expect(self, sign: str) -> None:
        self._blank()
        if not self._text.startswith(sign, self._at):
            raise _Lost
        self._at += len(sign)

    def _blank(self) -> None:
        found = _BLANK.match(self._text, self._at)
        assert found is not None
        self._at = found.end()

    def _skip(self) -> None:
        """Over blanks, comments and ends of lines."""
        found = _SKIP.match(self._text, self._at)
        assert found is not None
        self._move(found.end())

    def _move(self, to: int) -> None:
        if lines := self._text.count("\n", self._at, to):
            self._line += lines
            self._line_start = self._text.rindex("\n", self._at, to) + 1
        self._at = to

    def _place(self, begin: int, end: int | None = None) -> Place:
        return Place(self._line, begin - self._line_start + 1, max(1, (self._at if end is None else end) - begin))


class _Lost(Exception):  # noqa: N818
    pass


_BLANK = re.compile(r"[ \t]*")
_SKIP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*+")
_KEY = re.compile(r"""([A-Za-z0-9_-]++)|"((?:[^"\\\n]|\\.)*+)"|'([^'\n]*+)'""")
_SCALAR = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+"{3,5}'
    r"|'''(?:[^']|'(?!''))*+'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*+"'
    r"|'[^'\n]*+'"
    r"|[^\s,\]}#\"'\[{=]+(?:[ ][\d:.Z+-]+)?",
    re.DOTALL,
)


def _unescaped(quoted: str) -> str:
    if "\\" not in quoted:
        return quoted
    try:
        return str(tomllib.loads(f'k = "{quoted}"')["k"])
    except (tomllib.TOMLDecodeError, ValueError):
        raise _Lost from None
