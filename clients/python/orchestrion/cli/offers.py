"""What a planner does not do of a request, told whole; and the nearest request, or what it asks, put to the person."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from orchestrion.cli import exits, not_done
from orchestrion.cli.keyboard import forget_typed

if TYPE_CHECKING:
    from orchestrion.errors import OrchestrionError

T = TypeVar("T")

_MOST_TAKEN: Final = 3
"""How many offers `--yes` takes in a row."""


def settled(attempt: Callable[[str], T], request: str, *, yes: bool, json: bool, verbose: bool = False) -> T:
    """Carries a request out; where the planner refuses, the one that the person takes in its place.

    Args:
        attempt: Carries a request out.
        request: The request.
        yes: Whether the nearest request is taken without asking. Questions are never answered so.
        json: Whether events are printed for programs: then nobody is asked.
        verbose: Whether messages are told at any length.

    Raises:
        OrchestrionError: The planner refuses, and there is no offer or nobody to take it; or another failure.
        Declined: The person took none; they were told why the request was refused.
    """
    from orchestrion.errors import OrchestrionError

    sent: list[str] = []
    while True:
        sent.append(request)
        try:
            return attempt(request)
        except OrchestrionError as error:
            asks = not json and sys.stdin.isatty() and sys.stdout.isatty()
            following = _following(error, sent, yes=yes, asks=asks, verbose=verbose)
            if following is None:
                raise
            request = following


def _following(error: OrchestrionError, sent: list[str], *, yes: bool, asks: bool, verbose: bool) -> str | None:
    """Returns the request to send next; None where there is none, and nothing has been told."""
    from orchestrion.cli.printer import printable

    nearest = [text for text in dict.fromkeys(part.nearest_request for part in error.not_done) if text]
    offered = [text for text in nearest if text not in sent]
    if error.questions and asks:
        return _answered(error, verbose=verbose)
    if not offered:
        return None
    if yes and len(sent) <= _MOST_TAKEN:
        exits.tell(exits.message_of(error, verbose=verbose))
        exits.tell(f"Running `{printable(offered[0])}` instead.")
        return offered[0]
    if not asks:
        return None
    exits.tell(exits.message_of(error, verbose=verbose))
    if len(offered) > 1:
        return _chosen("Run one of these instead?", offered, offered)
    forget_typed()
    print(f"Run `{printable(offered[0])}` instead? [Y/n] ", end="", flush=True)
    line = sys.stdin.readline()
    if line.strip().lower() in ("y", "yes") or line == "\n":
        return offered[0]
    _end_line(line)
    raise exits.Declined("Nothing was run.")


def _answered(error: OrchestrionError, *, verbose: bool) -> str:
    question = error.questions[0]
    if error.not_done:
        # The server's message has the questions too, perhaps not all of their choices.
        own = {line for each in error.questions for line in not_done.question_lines(each)}
        message = exits.message_of(error, verbose=verbose)
        exits.tell("\n".join(line for line in message.splitlines() if line not in own))
    return _chosen(question.text, [item.text for item in question.choices], [item.request for item in question.choices])


def _chosen(text: str, choices: list[str], requests: list[str]) -> str:
    """Asks until the answer is a number or empty.

    Raises:
        Declined: It was empty, or the input has ended.
    """
    from orchestrion.cli.printer import printable

    forget_typed()
    print("\n".join([printable(text), *(f"  {n}. {printable(choice)}" for n, choice in enumerate(choices, start=1))]))
    while True:
        print(f"1 to {len(choices)}, or Enter for none: ", end="", flush=True)
        line = sys.stdin.readline()
        if not line.strip():
            _end_line(line)
            raise exits.Declined("Nothing was run.")
        if line.strip().isdecimal() and 0 < int(line) <= len(requests):
            return requests[int(line) - 1]


def _end_line(line: str) -> None:
    if not line:
        print()
