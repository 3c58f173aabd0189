"""The language that is spoken, and the one to write down, as calls name them to recognisers of speech."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.text import language_tags

_ENGLISH: Final = "en"


def chosen(call: Call, codes: Sequence[str]) -> str:
    """Finds the language that a call names among those of a recogniser; empty where it names none.

    Args:
        call: The call.
        codes: The languages of the recogniser, as it calls them.

    Raises:
        InvalidArgumentError: The recogniser does not have it.
    """
    text = call.text("spoken_language").strip()
    if not text:
        return ""
    wanted = language_tags.parse(text)
    code = language_tags.choose(wanted, codes) if wanted else None
    if code is None:
        problem = f"is none that this expert understands: {text!r}. It understands {', '.join(codes)}."
        raise call.bad_input("spoken_language", problem)
    return code


def task(call: Call, *, translates: bool) -> str:
    """Returns `translate` where a call asks for a translation into English, else `transcribe`.

    Args:
        call: The call.
        translates: Whether the recogniser can translate into English, as Whisper in many languages can.

    Raises:
        InvalidArgumentError: It asks for what the recogniser cannot do.
    """
    text = call.text("translate_to").strip()
    if not text:
        return "transcribe"
    wanted = language_tags.parse(text)
    if not translates:
        raise call.bad_input("translate_to", "is nothing for this expert: it writes down what is said as it is said.")
    if wanted is None or wanted.language != _ENGLISH:
        raise call.bad_input("translate_to", f"must be `en`, into which alone this expert translates; it is {text!r}.")
    return "translate"
