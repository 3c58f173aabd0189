"""The inputs of text tasks, checked: there are words, and no more than can be worked through."""

from __future__ import annotations

from typing import Final

from orchestrion_host.worker.call import Call

MAX_CHARACTERS: Final = 1_000_000
"""The longest text: some 160,000 words, a long novel."""


def text(call: Call, name: str) -> str:
    """Returns a text input.

    Raises:
        InvalidArgumentError: It is blank, or too long.
    """
    value = call.text(name)
    if not value.strip():
        raise call.bad_input(name, "holds no text; give it some words.")
    return checked_length(call, name, value)


def checked_length(call: Call, name: str, value: str) -> str:
    """Returns a text as it is, blank or not.

    Raises:
        InvalidArgumentError: It is too long.
    """
    if len(value) > MAX_CHARACTERS:
        problem = f"has {len(value):,} characters; at most {MAX_CHARACTERS:,} are read at once. Give it in parts."
        raise call.bad_input(name, problem, character_count=len(value), limit_character_count=MAX_CHARACTERS)
    return value
