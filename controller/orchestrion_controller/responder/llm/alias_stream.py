"""Puts names and texts in the places of aliases, in an answer that comes in pieces; no alias is left in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from orchestrion_controller.responder.llm import alias_units
from orchestrion_controller.responder.llm.alias_units import Bracketed, Undecided
from orchestrion_controller.responder.llm.aliases import Aliases

_SPACES: Final = " \t"


class AliasStream:
    """Replaces aliases; holds back only what may become one."""

    def __init__(self, aliases: Aliases, own_texts: Iterable[str] = ()) -> None:
        """Prepares for one answer.

        Args:
            aliases: What aliases stand for.
            own_texts: What the person wrote: something in brackets that stands there stays as it is.
        """
        self._aliases = aliases
        self._own = "\n".join(own_texts)
        self._names = aliases.names_with_brackets
        self._held = ""
        self._last = "\n"
        self._has_gap = False
        self._is_behind_another = False

    def feed(self, text: str) -> str:
        """Takes a piece and returns the text before anything that may still become an alias."""
        self._held += text
        return self._advance(is_whole=False)

    def finish(self, *, is_cut: bool = False) -> str:
        """Returns what was held back.

        Args:
            is_cut: Whether the answer ends in the middle, so that an alias there may not be whole.
        """
        return self._advance(is_whole=True, is_cut=is_cut)

    def _advance(self, *, is_whole: bool, is_cut: bool = False) -> str:
        text, place, pieces = self._held, 0, list[str]()
        while (match := alias_units.BEGINNING.search(text, place)) is not None:
            pieces.append(self._passed(text[place : match.start()]))
            place = match.start()
            if match[0] == "!" and not is_whole:
                break
            try:
                unit = alias_units.read(text, place, self._names, is_whole=is_whole) if match[0] != "!" else None
            except Undecided:
                break
            written, end = self._read(text, place, unit, is_cut=is_cut)
            pieces.append(written)
            place = end
        else:
            pieces.append(self._passed(text[place:]))
            place = len(text)
        self._held = text[place:]
        return "".join(pieces)

    def _read(self, text: str, start: int, unit: Bracketed | None, *, is_cut: bool) -> tuple[str, int]:
        """Returns what stands for a unit, and where the text goes on."""
        bracket = start + text.startswith("!", start)
        if unit is None:
            return self._passed(text[start : bracket + 1]), bracket + 1
        if text[bracket : unit.end] in self._own:
            return self._passed(text[start : unit.end]), unit.end
        if is_cut and unit.is_double and not unit.is_closed:
            return "", unit.end
        if unit.target is not None and (link := self._link(unit)) is not None:
            return self._inserted(link), unit.target_end
        meaning = self._aliases.meaning(unit.inner, is_double=unit.is_double)
        if meaning is None:
            return self._passed(text[start : bracket + 1]), bracket + 1
        if not meaning:
            self._has_gap = True
            return "", unit.end
        return self._inserted(meaning), unit.end

    def _link(self, unit: Bracketed) -> str | None:
        """Returns what stands for a link to a file; None for a link to anything else."""
        target = unit.target or ""
        file = self._aliases.file_of(target)
        if file is None:
            if self._aliases.is_numbered(target):
                return self._aliases.meaning(unit.inner, is_double=unit.is_double) or unit.inner
            # A file of the run has no address that a model could have been shown.
            return self._aliases.file_of(unit.inner) if self._aliases.is_file(unit.inner) else None
        return file if self._aliases.is_file(unit.inner) or not unit.inner.strip() else f"{unit.inner} ({file})"

    def _inserted(self, text: str) -> str:
        """Passes on what stands for an alias; between two that touch each other goes a space."""
        text = f" {text}" if self._is_behind_another else text
        self._has_gap, self._is_behind_another = False, True
        self._last = text[-1:] or self._last
        return text

    def _passed(self, text: str) -> str:
        """Passes the model's own words on; where an alias of nothing stood between two spaces, one is left."""
        if self._has_gap and text:
            self._has_gap = False
            if self._last in (*_SPACES, "\n") and text[0] in _SPACES:
                text = text[1:]
        self._is_behind_another = self._is_behind_another and not text
        self._last = text[-1:] or self._last
        return text
