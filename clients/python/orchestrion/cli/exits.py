"""Exit codes that scripts can use, and failures told without a traceback."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Generator
from enum import IntEnum
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from orchestrion.errors import OrchestrionError


class ExitCode(IntEnum):
    """What the exit status says."""

    DONE = 0
    """It was done. Single tasks may have failed; the answer says so."""
    FAILED = 1
    """The run failed, or something else went wrong."""
    WRONG_INPUT = 2
    """The command line, a file, or the request is wrong; the same again fails again."""
    NO_SERVER = 3
    """No controller answers, or the servers could not be started."""
    INTERRUPTED = 130
    """Ctrl-C; the run was cancelled."""
    TERMINATED = 143
    """SIGTERM; the run was cancelled."""


EMBEDDED_CURE: Final = "Or add --embedded: a private one for this call alone."
"""What commands say that can do without a controller, where none answers."""


class Terminated(KeyboardInterrupt):
    """SIGTERM came."""


class Declined(Exception):
    """The person was asked and decided against it; the message says what that means."""


def code_of(error: OrchestrionError) -> ExitCode:
    """Returns the exit code for an error."""
    from orchestrion.errors import InvalidArgumentError, Reason

    if isinstance(error, InvalidArgumentError):
        return ExitCode.WRONG_INPUT
    return ExitCode.NO_SERVER if error.reason == Reason.SERVER_UNREACHABLE.name else ExitCode.FAILED


def fault_of(error: OrchestrionError) -> str:
    """Says what is wrong; of a plan, in which task and field."""
    from orchestrion.cli.printer import printable

    plan, tasks, rest = (error.field or "").partition("plan.tasks[")
    if plan or not tasks:
        return printable(error.message)
    task_id, field = error.metadata.get("task_id", ""), rest.partition("].")[2]
    return printable(f"task {task_id}{f', {field}' if field else ''}: {error.message}")


def message_of(error: OrchestrionError, *, verbose: bool = False) -> str:
    """Says what is wrong as commands do; what a planner does not do has lines of its own, and needs no "Error".

    Args:
        error: What is wrong.
        verbose: Whether all that is not done is told, however long that is.
    """
    if not (error.not_done or error.questions):
        return f"Error: {fault_of(error)}"
    if verbose:
        from orchestrion.cli import not_done
        from orchestrion.cli.printer import printable

        return printable("\n".join(not_done.lines(error.not_done, error.questions)))
    return fault_of(error)


@contextlib.contextmanager
def handled(*, cure: str = "", verbose: bool = False, private: bool = False) -> Generator[None, None, None]:
    """Runs a command: failures become one message on stderr and an exit code, SIGTERM ends it as Ctrl-C does.

    Args:
        cure: What this command offers where no controller answers, as a sentence.
        verbose: Whether messages are told at any length.
        private: Whether the servers are those of this command alone, so that other commands do not reach them.
    """
    from orchestrion.errors import OrchestrionError

    def terminate(_number: int, _frame: object) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        with interrupts_as_such():
            yield
    except OrchestrionError as error:
        code = code_of(error)
        tell(f"{message_of(error, verbose=verbose)}{f' {cure}' if cure and code is ExitCode.NO_SERVER else ''}")
        if private and error.metadata.get("command", "").startswith("orchestrion models"):
            tell("`orchestrion models` needs servers that stay: start `orchestrion up`, and leave --embedded out.")
        raise typer.Exit(code) from error
    except Declined as error:
        tell(str(error))
        raise typer.Exit(ExitCode.FAILED) from error
    except BrokenPipeError as error:
        # Whoever read our output has gone; Python would complain again when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(ExitCode.FAILED) from error
    except UnicodeDecodeError as error:
        tell(f"Error: What is read is no text in {error.encoding} (byte {error.start}); convert it to UTF-8 first.")
        raise typer.Exit(ExitCode.WRONG_INPUT) from error
    except OSError as error:
        tell(f"Error: {error}")
        raise typer.Exit(ExitCode.FAILED) from error
    except Terminated as error:
        raise typer.Exit(ExitCode.TERMINATED) from error
    except KeyboardInterrupt as error:
        raise typer.Exit(ExitCode.INTERRUPTED) from error
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def interrupts_as_such() -> Generator[None, None, None]:
    """Raises Ctrl-C and SIGTERM as what they are, also when they came at a bad moment.

    A signal that comes while `threading` gives a lock back leaves a RuntimeError about that lock, raised on the way out
    of the interrupt: gRPC waits for each event with such a lock.
    """
    try:
        yield
    except RuntimeError as error:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, KeyboardInterrupt):
            cause = cause.__context__
        if cause is None:
            raise
        raise type(cause) from error


@contextlib.contextmanager
def interrupts_deferred() -> Generator[None, None, None]:
    """Has Ctrl-C and SIGTERM wait until the context ends: for what is short, and must be done whole or not at all."""
    came: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for number in before:
            signal.signal(number, lambda number, _frame: came.append(number))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for signal_number in came:
            signal.raise_signal(signal_number)


def tell(text: str) -> None:
    """Writes a line for the person, where it does not mix with what a program reads."""
    if sys.stderr.isatty():
        import shutil
        import textwrap

        width = shutil.get_terminal_size().columns
        # Addresses, paths and commands are copied, so they stay whole.
        wrapper = textwrap.TextWrapper(width, break_long_words=False, break_on_hyphens=False)
        lines = (wrapper.wrap(line) if line.isascii() else _wrapped(line, width) for line in text.split("\n"))
        text = "\n".join("\n".join(wrapped) for wrapped in lines)
    print(text, file=sys.stderr, flush=True)


def _wrapped(line: str, width: int) -> list[str]:
    """Breaks a line with letters that may be two columns wide."""
    from orchestrion.cli.view.wrapping import wrapped

    return wrapped(line, width)
