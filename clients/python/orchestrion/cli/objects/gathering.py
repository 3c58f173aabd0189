"""Files and links that the words of a request name: found, listed, and sent only when the person has agreed.

Only words that the person wrote are read, never a request that a server proposes.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Container, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from orchestrion.cli import exits
from orchestrion.cli.keyboard import forget_typed
from orchestrion.cli.objects.sources import Source, limited, name_of

if TYPE_CHECKING:
    from orchestrion.links import Link

MOST_NAMED: Final = 16
"""How many files and links are taken from the words of one request at most."""


class Gatherer:
    """Takes what words name, files from the folder where the command runs. One belongs to a session."""

    def __init__(self, *, yes: bool = False, json: bool = False, in_chat: bool = False) -> None:
        """Starts a session.

        Args:
            yes: Whether the person has agreed beforehand.
            json: Whether the output is for programs: then nobody is asked.
            in_chat: Whether files are attached by `/file` rather than by `-f`.
        """
        self._agreed = yes
        self._asks = not json and sys.stdin.isatty() and sys.stdout.isatty()
        self._in_chat = in_chat

    def gather(self, text: str, attached: Sequence[Source] = (), names: Container[str] = ()) -> list[Source]:
        """Returns what the words name and what may be sent, in their order.

        Args:
            text: The words.
            attached: What is attached already, and is not taken again.
            names: Names that mean other things, such as what a conversation has made before.

        Raises:
            InvalidArgumentError: A limit for links is no number.
        """
        sources = _named(text, attached, names)
        return sources if sources and self._may_send(sources) else []

    def _may_send(self, new: Sequence[Source]) -> bool:
        them = "it" if len(new) == 1 else "them"
        if len(new) > MOST_NAMED:
            # A document that was pasted may be full of links; nobody means to fetch them all.
            exits.tell(
                f"The words name {len(new)} files and links, of which none is sent; {MOST_NAMED} are the most. Attach "
                f"those that are meant with {'/file' if self._in_chat else '-f'}."
            )
            return False
        if self._agreed:
            if files := [_described(item) for item in new if isinstance(item, Path)]:
                exits.tell(f"Sending {', '.join(files)}.")  # Of links it is told when they are fetched.
            return True
        if not self._asks:
            listed = ", ".join(_described(item) for item in new)
            by_hand = self._by_hand(new)
            exits.tell(f"Named in the words, and not sent: {listed}. To send {them}, add {by_hand} (or --yes).")
            return False
        self._agreed = _asked_for(new, them)
        if not self._agreed:
            exits.tell(f"The words go without {them}.")
        return self._agreed

    def _by_hand(self, sources: Sequence[Source]) -> str:
        names = [shlex.quote(name_of(source)) for source in sources]
        return " ".join(["/file", *names] if self._in_chat else [f"-f {name}" for name in names])


def _named(text: str, attached: Sequence[Source], names: Container[str]) -> list[Source]:
    from orchestrion import links
    from orchestrion.cli.objects import file_names

    paths = [source for source in attached if isinstance(source, Path)]
    resolved = {path.resolve() for path in paths}
    urls = [source.url for source in attached if not isinstance(source, Path)]

    def look_up(name: str) -> Path | None:
        if name in names or any(name == path.name for path in paths):
            return None
        path = file_names.file_inside(Path(), name)
        if path is None or path.resolve() in resolved or any(links.last_part(url) == name for url in urls):
            return None
        return path

    places: list[tuple[int, Source]] = list(file_names.find(text, look_up))
    new: dict[str, int] = {}
    for link in links.mentions(text):
        if link.url not in urls and not links.is_quoted_in_passing(text, link.start, link.end):
            new.setdefault(link.url, link.start)
    places += [(start, limited(url)) for url, start in new.items()]
    return [source for _, source in sorted(places, key=lambda place: place[0])]


def _asked_for(new: Sequence[Source], them: str) -> bool:
    """Lists what would be sent, and asks once for all of it."""
    forget_typed()
    if len(new) == 1:
        question = f"{'Send' if isinstance(new[0], Path) else 'Fetch and send'} {_described(new[0])}?"
    else:
        listed = "\n".join(f"  {_described(item)}{'' if isinstance(item, Path) else ', to be fetched'}" for item in new)
        question = f"The words name:\n{listed}\nSend {them}?"
    print(f"{question} [Y/n] ", end="", flush=True)
    line = sys.stdin.readline()
    if not line:
        print()
    return line == "\n" or line.strip().lower() in ("y", "yes")


def _described(source: Path | Link) -> str:
    from rich.filesize import decimal

    from orchestrion.cli.printer import printable

    size = f" ({decimal(source.stat().st_size)})" if isinstance(source, Path) else ""
    return printable(name_of(source)) + size
