"""Whether a folder that another package brings can be read: tried as it is loaded, not in the middle of a request."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from string import Formatter

from orchestrion_controller.languages import example_entries, lexicon, name_phrases
from orchestrion_controller.languages.answer_words import AnswerWords
from orchestrion_controller.languages.language import Language


def check(language: Language, english: Language) -> None:
    """Reads everything of a folder as requests would.

    Args:
        language: The language to try.
        english: The language whose messages have all the places that may be filled.

    Raises:
        ValueError: A file is broken; the message names the file or the part of it, and what is wrong.
    """
    lexicon.build(language)
    deque(name_phrases.names(language), maxlen=0)
    _check_places("messages.yaml", language.messages, english.messages)
    try:
        AnswerWords(language.tag, language.answers)
        _check_places("answers.yaml", language.answers.get("words", {}), english.answers["words"])
    except (AttributeError, TypeError, re.error) as error:
        raise ValueError(f"answers.yaml: {error}") from error
    for key, entry in language.read("examples.yaml").items():
        try:
            example_entries.parse(key, entry)
        except (KeyError, ValueError, TypeError) as error:
            raise ValueError(f"examples.yaml: {key!r} needs `does` and `request`: {error!r}") from error


def _check_places(file: str, own: Mapping[str, str], english: Mapping[str, str]) -> None:
    for key, text in own.items():
        try:
            unknown = _places(text) - _places(english.get(key, text))
        except (ValueError, TypeError) as error:
            raise ValueError(f"{file}: {key!r} cannot be filled in: {error}") from error
        if unknown:
            raise ValueError(f"{file}: nothing fills {sorted(unknown)} of {key!r}")


def _places(text: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)
