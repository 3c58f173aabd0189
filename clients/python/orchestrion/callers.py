"""For whom a program calls: servers share their places fairly between callers, and need to tell them apart.

A caller is the machine that a call comes from. A program that serves many people from one machine, such as a gateway,
names them, so that none of them takes the others' places::

    with acting_for("user-7"):
        await client.ask("what is in the picture?", files=["cat.jpg"])

A controller believes the name where the call comes from its own machine, by loopback or a unix socket; it is no
identity and grants nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

CALLER_HEADER: Final = "orchestrion-caller"
"""The metadata of a call that says for whom it is made."""

LONGEST_CALLER: Final = 128
"""How much of a name counts, in characters."""

_acting_for: Final[ContextVar[str]] = ContextVar("orchestrion_acting_for", default="")


@contextmanager
def acting_for(caller: str) -> Iterator[None]:
    """Makes the calls within the context, in this thread or asyncio task and those started in it, for one caller.

    Args:
        caller: Any name that tells the caller from others, such as an address or a user's id; what is no printable
            ASCII is replaced, and only the first 128 characters count. Empty for nobody in particular.
    """
    token = _acting_for.set(_header(caller))
    try:
        yield
    finally:
        _acting_for.reset(token)


def caller_metadata() -> tuple[tuple[str, str], ...]:
    """Returns the metadata that names the caller at hand; empty where there is none."""
    caller = _acting_for.get()
    return ((CALLER_HEADER, caller),) if caller else ()


def _header(caller: str) -> str:
    """Makes a name a value that gRPC takes."""
    return "".join(letter if " " <= letter <= "~" else "_" for letter in caller[:LONGEST_CALLER]).strip()
