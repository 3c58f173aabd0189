"""Which full stops belong to an abbreviation, an initial or an ordinal number, and end no sentence."""

from __future__ import annotations

import re
from typing import Final

from orchestrion_host.worker.text.lexicon import english

_LAST_WORD: Final = re.compile(r"(?:[^\W\d_]+\.)*[^\W_]+$")
_FIRST_WORD: Final = re.compile(r"[^\W_]+")


def continues(before: str, after: str) -> bool:
    """Whether a sentence goes on behind a full stop with a space, and a word that does not begin with a small letter.

    Args:
        before: The sentence up to the full stop, without it.
        after: What follows the white space, without opening quotes and brackets.
    """
    last = _LAST_WORD.search(before)
    first = _FIRST_WORD.match(after)
    if last is None or first is None:
        return False
    word, following = last.group().casefold(), first.group().casefold()
    if word in english("never_last"):
        return True
    if word in english("numbering"):
        return following[0].isdigit()
    if word.isdigit():
        # `3. Oktober` is a date, and `1.` alone the number of an item.
        return (len(word) <= 2 and following in english("after_ordinals")) or not before[: last.start()].strip()
    if word in english("maybe_last") or _is_initial(last.group()):
        return following not in english("starters")
    return False


def _is_initial(word: str) -> bool:
    """Whether it is one capital letter, or several with full stops between them; `I` is a word."""
    parts = word.split(".")
    return word != "I" and all(len(part) == 1 and part.isupper() for part in parts)
