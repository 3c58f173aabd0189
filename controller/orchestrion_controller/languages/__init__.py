"""The languages in which people ask: a folder of data each, and the modules that read it."""

from __future__ import annotations


def detect(text: str) -> str:
    """Returns the tag of the language that a text is in, one of those there are folders of; `en` where unsure."""
    return "en"
