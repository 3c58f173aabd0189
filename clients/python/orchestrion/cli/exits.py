"""Exit codes that scripts can use, and failures told without a traceback."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Generator
from enum import IntEnum
from typing import TYPE_CHECKING

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


class Terminated(KeyboardInterrupt):
    """SIGTERM came."""


def code_of(error: OrchestrionError) -> ExitCode:
    """Returns the exit code for an error."""
    from orchestrion.errors import InvalidArgumentError, Reason

    if isinstance(error, InvalidArgumentError):
        return ExitCode.WRONG_INPUT
    return ExitCode.NO_SERVER if error.reason == Reason.SERVER_UNREACHABLE.name else ExitCode.FAILED


@contextlib.contextmanager
def handled() -> Generator[None, None, None]:
    """Runs a command: failures become one message on stderr and an exit code, SIGTERM ends it as Ctrl-C does."""
    from orchestrion.errors import OrchestrionError

    def terminate(_number: int, _frame: object) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    except OrchestrionError as error:
        tell(f"Error: {error.message}")
        raise typer.Exit(code_of(error)) from error
    except BrokenPipeError as error:
        # Whoever read our output has gone; Python would complain again when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(ExitCode.FAILED) from error
    except OSError as error:
        tell(f"Error: {error}")
        raise typer.Exit(ExitCode.FAILED) from error
    except Terminated as error:
        raise typer.Exit(ExitCode.TERMINATED) from error
    except KeyboardInterrupt as error:
        raise typer.Exit(ExitCode.INTERRUPTED) from error
    finally:
        signal.signal(signal.SIGTERM, before)


def tell(text: str) -> None:
    """Writes a line for the person, where it does not mix with what a program reads."""
    print(text, file=sys.stderr, flush=True)
