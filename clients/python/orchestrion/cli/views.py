"""The three ways to show a run: live on a terminal, as plain lines, as JSON for programs."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from orchestrion.cli import exits
from orchestrion.cli.view.file_words import Worded, as_it_is

if TYPE_CHECKING:
    from rich.console import Console

    from orchestrion._codec.pairs import Encodable
    from orchestrion.answers import Answer
    from orchestrion.events import Event
    from orchestrion.plans import Plan


class View(AbstractContextManager["View"], Protocol):
    """Shows one run. Entered before the first event, left after the last or when something went wrong."""

    def show(self, event: Event) -> None:
        """Takes the next event."""

    def paused(self) -> AbstractContextManager[None]:
        """Leaves the terminal to others for as long as the context lasts, and goes on below what they wrote."""

    def answer(self, answer: Answer) -> None:
        """Tells the answer of a run that succeeded; called after the view was left."""

    def end(self) -> None:
        """Tells how a run ended that has no answer; called after the view was left."""

    def saved(self, path: Path) -> None:
        """Tells where a file was saved."""


class SilentView(AbstractContextManager["SilentView"]):
    """Nothing, where only the outcome is asked for."""

    def __exit__(self, *_: object) -> None:
        return None

    def show(self, event: Event) -> None:
        """Shows nothing."""

    def paused(self) -> AbstractContextManager[None]:
        """Draws nothing that moves."""
        return nullcontext()

    def answer(self, answer: Answer) -> None:
        """Shows nothing."""

    def end(self) -> None:
        """Shows nothing."""

    def saved(self, path: Path) -> None:
        """Shows nothing."""


class PlainView(SilentView):
    """Lines, for whatever is no terminal; the last one tells how a run ended."""

    def __init__(self, worded: Worded = as_it_is) -> None:
        """Writes nothing yet.

        Args:
            worded: Puts the names of saved files into the answer.
        """
        from orchestrion.cli.printer import Printer

        self._worded = worded
        self._printer = Printer(lambda line: print(line, flush=True))

    def show(self, event: Event) -> None:
        """Prints a line."""
        self._printer.show(event)

    def answer(self, answer: Answer) -> None:
        """Prints the answer between empty lines."""
        from orchestrion.cli.printer import printable

        print(f"\n{printable(self._worded(answer.results, answer.text)).strip()}\n", flush=True)

    def saved(self, path: Path) -> None:
        """Prints the path."""
        print(f"saved {path}")


class JsonView(SilentView):
    """Each event as proto3 JSON, one a line, and nothing else on standard output."""

    def show(self, event: Event) -> None:
        """Prints the event."""
        from orchestrion._codec.codec import to_json

        print(to_json(event), flush=True)

    def saved(self, path: Path) -> None:
        """Tells the path where it does not mix with the events."""
        exits.tell(f"saved {path}")


def choose(
    *, json: bool, plain: bool, plan: Plan | None = None, show_request: bool = False, worded: Worded = as_it_is
) -> View:
    """Chooses the view: JSON or plain lines where they are asked for, else live where the output is a terminal.

    Args:
        json: Whether JSON is asked for.
        plain: Whether plain lines are.
        plan: The plan, for runs whose events do not tell it.
        show_request: Whether the live view writes what was asked above the rest.
        worded: Puts the names of saved files into the answer.
    """
    if json:
        return JsonView()
    if plain or not on_terminal():
        return PlainView(worded)
    from orchestrion.cli.view.live import LiveView

    return LiveView(console(), plan=plan, show_request=show_request, worded=worded)


def print_json(*items: Encodable) -> None:
    """Prints proto3 JSON, one item a line."""
    from orchestrion._codec.codec import to_json

    for item in items:
        print(to_json(item))


def on_terminal() -> bool:
    """Whether standard output is a terminal on which lines can be drawn anew."""
    return sys.stdout.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown")


def console() -> Console:
    """Makes a console that adds no colours and breaks of its own to what is written; it respects NO_COLOR."""
    from rich.console import Console

    return Console(highlight=False, emoji=False, markup=False)


def say(text: str) -> None:
    """Prints a text for a person, broken between words where it is too long for the terminal."""
    if on_terminal():
        console().print(text)
    else:
        print(text)
