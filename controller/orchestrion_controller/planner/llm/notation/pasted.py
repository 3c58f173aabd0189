"""Finds the long texts that a person put into a request, which a language model is not to copy."""

from __future__ import annotations

import re
from typing import Final

from orchestrion_controller.languages.quotations import quotations

SHORTEST_PASTED: Final = 400
"""Characters of a text that gets a name."""
_LONGEST_INSTRUCTION: Final = 200
"""Characters before a colon that may say what to do with what comes after it."""
_INSTRUCTION: Final = re.compile(r"\A[^.!?。！？\n:：]{1,%d}(?::\s|：)\s*" % _LONGEST_INSTRUCTION)  # noqa: RUF001, UP031
_PARAGRAPH: Final = re.compile(r"[^\n]+(?:\n[^\n]+)*")
_END: Final = re.compile(r"[:：]\s*\Z")  # noqa: RUF001


def pasted_texts(message: str) -> tuple[str, ...]:
    """Lists the long texts of a message, each as it stands there; in order, none inside another.

    A text is what stands in quotation marks; else all that follows a colon at the end of a line, or at the end of the
    words that begin the message; else the paragraphs from the first long one to the last. What would leave
    the message without a word is none: then it is the request itself.
    """
    if len(message) < SHORTEST_PASTED:
        return ()
    quoted = tuple(item.text for item in quotations(message) if len(item.text) >= SHORTEST_PASTED)
    texts = quoted or _after_colon(message) or _paragraphs(message)
    rest = message
    for text in texts:
        rest = rest.replace(text, "")
    return tuple(dict.fromkeys(texts)) if any(letter.isalnum() for letter in rest) else ()


def _after_colon(message: str) -> tuple[str, ...]:
    instruction = _INSTRUCTION.match(message)
    if instruction and len(text := message[instruction.end() :].strip()) >= SHORTEST_PASTED:
        return (text,)
    for line in re.finditer(r"[^\n]*\n", message):
        if line.end() > SHORTEST_PASTED * 2:
            break
        if _END.search(line[0]) and len(text := message[line.end() :].strip()) >= SHORTEST_PASTED:
            return (text,)
    return ()


def _paragraphs(message: str) -> tuple[str, ...]:
    long = [item for item in _PARAGRAPH.finditer(message) if len(item[0].strip()) >= SHORTEST_PASTED]
    return (message[long[0].start() : long[-1].end()].strip(),) if long else ()
