"""Words and templates of answers in one language: `answers.yaml` of its folder.

Where a folder lacks a word, English stands in for it; where it lacks a task type, the whole sentence is English.
"""

from __future__ import annotations

import re
from functools import cache

from orchestrion_controller.languages.answer_words import AnswerWords
from orchestrion_controller.languages.messages import ENGLISH, read


@cache
def words_of(language: str) -> AnswerWords:
    """Reads the words of a language; those of English for one that has none.

    Raises:
        ValueError: The file is not of this form; the message names it.
    """
    english = None if language == ENGLISH else words_of(ENGLISH)
    data = read(language, "answers.yaml")
    if english and not data:
        return english
    try:
        return AnswerWords(language, data, english)
    except (AttributeError, TypeError, ValueError, re.error) as error:
        raise ValueError(f"{language}/answers.yaml: {error}") from error
