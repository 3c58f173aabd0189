"""Numbers put together from their pieces: digits and words, fractions, decimals, and ordinals that end a number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile
from math import inf

from orchestrion_controller.languages.lexicon import Kinds, Lexicon
from orchestrion_controller.languages.pieces import Token, adjacent, pieces


def tokens(text: str, lexicon: Lexicon) -> Iterator[Token]:
    """Yields what a folded text has of a lexicon, each number in one token.

    The kinds of a number are `n`, or `a` for a mere article, `m` for either; besides `digits` or `f` (a share of one
    whole) for those, and what the piece is where the number is one piece.
    """
    row = list(pieces(text, lexicon))
    place = 0
    while place < len(row):
        number = _Number(text, row, place)
        token = number.token()
        yield token or row[place]
        place = number.place if token else place + 1


class _Number:
    """A number under way.

    Parts are added while each is less than the last place of those before it: `two hundred` takes `five`, `two` does
    not. A scale multiplies the parts that are less than itself.
    """

    def __init__(self, text: str, row: Sequence[Token], place: int, inside: bool = False) -> None:
        self._text = text
        self._row = row
        self._first = place
        self._inside = inside
        """Whether it is a part of another, whose fraction it then does not begin."""
        self._negative = "negative" in self._kinds(place) and bool(
            self._kinds(place + 1).keys() & {"digits", "number", "part", "half"}
        )
        self._begin = self.place = place + self._negative
        """`place` is that of the next piece."""
        self._parts: list[float] = []
        self._room = inf
        """What is added must be less."""
        self._mark = ""
        self._ordinal = False

    def token(self) -> Token | None:
        """Returns the longest number that begins here; None where none does."""
        steps = (
            self._digits,
            self._part,
            self._word,
            self._joined,
            self._scale,
            self._share,
            self._over,
            self._decimals,
            self._rank,
        )
        while any(step(self._kinds(self.place)) for step in steps):
            self.place += 1
        if not self._parts:
            return None
        value = sum(self._parts) * (-1.0 if self._negative else 1.0)
        start, end = self._row[self._first].start, self._row[self.place - 1].end
        if self._ordinal:
            return Token(start, end, {"ordinal": value})
        alone = self._row[self._begin].kinds if self.place == self._begin + 1 else {}
        size = self._mark if self._mark == "f" else "a" if "article" in alone and not self._negative else "n"
        others = {kind: value for kind, value in alone.items() if kind not in ("number", "article")}
        return Token(start, end, {**others, **dict.fromkeys(filter(None, (self._mark, "m", size)), value)})

    def _kinds(self, place: int) -> Kinds:
        """Returns what a piece is, nothing where it does not follow the one before."""
        row = self._row
        near = place < len(row) and (place == self._first or adjacent(self._text, row[place - 1], row[place]))
        return row[place].kinds if near else {}

    def _add(self, value: float, room: float = 0.0, mark: str = "") -> bool:
        self._parts.append(value)
        self._room, self._mark = room, mark
        return True

    def _digits(self, kinds: Kinds) -> bool:
        return not self._parts and "digits" in kinds and self._add(kinds["digits"], 1.0, "digits")

    def _part(self, kinds: Kinds) -> bool:
        """`1/2`, `1 1/2`, `and a half`."""
        if "part" in kinds and (not self._parts or self._mark == "digits"):
            return self._add(kinds["part"], mark="" if self._parts else "f")
        return "addition" in kinds and bool(self._parts) and self._room > 0 and self._add(kinds["addition"])

    def _word(self, kinds: Kinds) -> bool:
        article: float = inf if self._parts else kinds.get("article", inf)
        value: float = kinds.get("number", article)
        return value < self._room and self._mark != "digits" and self._add(value, _last_place(value))

    def _joined(self, kinds: Kinds) -> bool:
        """`two hundred and five`; written together also `einundzwanzig`."""
        if not self._parts or "joiner" not in kinds or self._mark == "digits":
            return False
        ahead = self._kinds(self.place + 1)
        if ahead.get("ordinal", inf) < self._room:
            return True
        value = ahead.get("number", inf)
        before, joiner, after = self._row[self.place - 1 : self.place + 2] if value < inf else [self._row[0]] * 3
        glued = before.end == joiner.start and joiner.end == after.start and value % 10 == 0
        if not (value < self._room or (glued and self._parts[-1] < 10 <= value < 100)):
            return False
        self.place += 1
        return self._add(value, 1.0 if glued else _last_place(value))

    def _scale(self, kinds: Kinds) -> bool:
        if "scale" not in kinds or not self._room:
            return False
        scale = kinds["scale"]
        small = [part for part in self._parts if part < scale]
        if any(part == scale for part in self._parts):
            return False
        self._parts = [part for part in self._parts if part > scale]
        return self._add((sum(small) or 1.0) * scale, scale)

    def _share(self, kinds: Kinds) -> bool:
        """`half`, `three quarters`; `half a` before a million."""
        if "article" in kinds and self._mark == "f" and "scale" in self._kinds(self.place + 1):
            self._room, self._mark = 1.0, ""
            return True
        share = kinds.get("fraction", kinds.get("half")) if self._parts else kinds.get("half")
        if share is None or not self._room:
            return False
        whole = sum(self._parts) or 1.0
        self._parts = []
        return self._add(whole * share, mark="f")

    def _over(self, kinds: Kinds) -> bool:
        """Fractions that begin with what they are parts of, as in Chinese."""
        if "over" not in kinds or not self._parts or self._inside or not self._kinds(self.place + 1):
            return False
        above = _Number(self._text, self._row, self.place + 1, inside=True)
        token = above.token()
        if token is None or "m" not in token.kinds:
            return False
        self.place = above.place - 1
        below = sum(self._parts) or 1.0
        self._parts = []
        return self._add(token.kinds["m"] / below, mark="f")

    def _decimals(self, kinds: Kinds) -> bool:
        """`one point five`."""
        if "point" not in kinds or not self._parts or not self._room:
            return False
        following = map(self._kinds, range(self.place + 1, len(self._row)))
        values = (each["number"] if "number" in each else each.get("digits", inf) for each in following)
        decimals = [str(int(value)) for value in takewhile(lambda value: value in range(10), values)]
        self.place += len(decimals)
        return bool(decimals) and self._add(float(f"0.{''.join(decimals)}"))

    def _rank(self, kinds: Kinds) -> bool:
        """`twenty-first`, `hundred and first`; with a space alone between them, both stand for themselves."""
        value = kinds.get("ordinal", inf)
        if not self._parts or not 0 < value < self._room or self._mark == "digits":
            return False
        before = self._row[self.place - 1]
        if self._text[before.end] == " " and "joiner" not in before.kinds:
            return False
        self._ordinal = True
        return self._add(value)


def _last_place(value: float) -> float:
    """Returns what the next part of a number must be less than: 10 after twenty, 100 after two hundred, else 1."""
    if value < 20:
        return 1.0
    place = 1.0
    while value % (place * 10) == 0:
        place *= 10
    return place
