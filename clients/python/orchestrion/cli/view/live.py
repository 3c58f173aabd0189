"""The live view on a terminal: the plan as a tree that changes in place, then the answer as it is written."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from rich.console import Console, ConsoleOptions, RenderResult
from rich.filesize import decimal
from rich.live import Live
from rich.text import Text

from orchestrion.answers import Answer
from orchestrion.cli.printer import duration, printable
from orchestrion.cli.view import glyphs
from orchestrion.cli.view.file_words import Worded, as_it_is
from orchestrion.cli.view.frame import frame
from orchestrion.cli.view.pieces import Moment
from orchestrion.cli.view.wrapping import Wrapper
from orchestrion.events import AnswerText, Event, RunFinished, Stage, StageStarted
from orchestrion.plans import Plan
from orchestrion.runs import RunState
from orchestrion.snapshots import RunSnapshot, apply, with_plan

_FRAMES_A_SECOND: Final = 10


class LiveView:
    """Shows a run. Used as a context manager: leaving it leaves the last frame, and the cursor, on the screen."""

    def __init__(
        self, console: Console, *, plan: Plan | None = None, show_request: bool = False, worded: Worded = as_it_is
    ) -> None:
        """Draws nothing yet.

        Args:
            console: The terminal.
            plan: The plan, where the caller has it: the events that bring it may be left out.
            show_request: Whether to write what was asked above the tree, where the person has not just typed it.
            worded: Puts the names of saved files into the answer.
        """
        self.run = RunSnapshot() if plan is None else with_plan(RunSnapshot(), plan)
        """The run so far; read by the thread that draws, and replaced whole."""
        self._console = console
        self._show_request = show_request
        self._worded = worded
        self._glyphs = glyphs.for_encoding(console.encoding)
        self._live = self._new_live()
        self._frozen = False
        self._answer: Wrapper | None = None
        self._written = ""
        self._lag: timedelta | None = None
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """Starts to draw."""
        self._begin()
        return self

    def __exit__(self, error_type: object, error: BaseException | None, traceback: TracebackType | None) -> None:
        with self._stack:
            self._freeze()
            if self._answer is not None:
                self._answer.finish()

    def show(self, event: Event) -> None:
        """Takes the next event."""
        self.run = apply(self.run, event)
        if event.time is not None:
            # The controller's clock may go wrong; the least lag seen is the difference of the clocks, nearly.
            lag = datetime.now(UTC) - event.time
            self._lag = lag if self._lag is None else min(lag, self._lag)
        if isinstance(event.payload, StageStarted) and event.stage is Stage.RESPOND and self._answer is not None:
            # The controller was restarted, and writes its answer once more.
            self._answer.finish()
            self._answer, self._written = None, ""
        elif isinstance(event.payload, AnswerText) and event.payload.text:
            self._write(printable(self._worded(self.run.results, event.payload.text)))
        elif isinstance(event.payload, RunFinished):
            self._freeze()

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Leaves what is drawn and the terminal to others for as long as the context lasts; then draws anew below."""
        self._freeze()
        self._stack.close()
        yield
        self._frozen, self._live = False, self._new_live()
        self._begin()

    def answer(self, answer: Answer) -> None:
        """Writes what of the answer has not been written, and how the run ended."""
        text = self._worded(answer.results, answer.text)
        if self._answer is None or self._written.strip() != printable(text).strip():
            self._answer_anew(text)
        self.end()

    def end(self) -> None:
        """Writes how the run ended."""
        if self._answer is not None:
            self._answer.finish()
        run = self.run
        if run.state.ended:
            style = "green" if run.state is RunState.SUCCEEDED else "red"
            words = f"{run.state.name.lower()} after {duration(run.duration_ms)}"
            self._print(Text.assemble("\n" if self._answer else "", (words, style), (f"  {run.name}", "dim")))

    def saved(self, path: Path) -> None:
        """Tells where a file of the answer was saved, and how large it is."""
        self._print(
            Text.assemble(("saved ", "green"), printable(str(path)), (f"  {decimal(path.stat().st_size)}", "dim"))
        )

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draws a frame; called by the thread that refreshes."""
        moment = self._moment()
        # The last line of the terminal stays free for the cursor.
        height = None if self._frozen else max(options.size.height - 1, 4)
        return frame(self.run, options.max_width, height, moment, request=self._show_request)

    def _begin(self) -> None:
        self._stack.enter_context(quiet_keyboard())
        # Whatever happens, the cursor is back at the end.
        self._stack.callback(self._console.show_cursor, True)
        self._live.start(refresh=True)

    def _new_live(self) -> Live:
        return Live(
            self,
            console=self._console,
            refresh_per_second=_FRAMES_A_SECOND,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def _moment(self) -> Moment:
        now = None if self._lag is None else datetime.now(UTC) - self._lag
        return Moment(now, int(time.monotonic() * _FRAMES_A_SECOND), not self._frozen, self._glyphs)

    def _freeze(self) -> None:
        """Leaves the tree as it is; what is written later goes below it."""
        if not self._frozen:
            self._frozen = True
            self._live.stop()

    def _answer_anew(self, text: str) -> None:
        # A responder may end with another text than it streamed: then that one counts.
        if self._answer is not None:
            self._answer.finish()
            self._answer, self._written = None, ""
        self._write(printable(text))

    def _write(self, text: str) -> None:
        if self._answer is None:
            self._freeze()
            self._console.print()
            self._answer = Wrapper(self._put, self._console.width)
        self._answer.feed(text)
        self._written += text

    def _put(self, text: str) -> None:
        self._console.file.write(text)
        self._console.file.flush()

    def _print(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)


@contextlib.contextmanager
def quiet_keyboard() -> Iterator[None]:
    """Keeps the terminal from writing keys into what is drawn, as long as it lasts; Ctrl-C works as always."""
    try:
        import termios

        keyboard = sys.stdin.fileno()
        before = termios.tcgetattr(keyboard)
    except (ImportError, OSError, ValueError, termios.error):
        yield  # Not a Unix, or no keyboard there.
        return
    changed = before.copy()
    changed[3] &= ~(termios.ECHO | termios.ECHOCTL)
    termios.tcsetattr(keyboard, termios.TCSANOW, changed)
    try:
        yield
    finally:
        termios.tcsetattr(keyboard, termios.TCSANOW, before)
