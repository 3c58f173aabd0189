"""Server processes as children: started, ready when they print that they are, watched, and always ended."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import IO, Final

from orchestrion.errors import OrchestrionError, Reason

START_TIMEOUT_S: Final = 60.0
"""How long a server may take until it serves; loading no model is part of it."""

STOP_TIMEOUT_S: Final = 15.0
"""How long a server may take to stop, where its work has to end first."""

_READY: Final = re.compile(r"ready (?:grpc=(\S+)|http=(\S+)) metrics=(\S+)")
_TAIL_LINES: Final = 20
_FAULT: Final = "error: "
"""How the line begins in which a server says what keeps it from starting."""

Log = Callable[[str, str], None]
"""Takes the name of a server and a line of its log."""


class Child:
    """One server process.

    It is started by a thread that lives exactly as long as the process: a server that is to die with its parent is
    signalled when the *thread* that started it ends, and the caller's thread may end long before.
    """

    def __init__(self, name: str, arguments: Sequence[str], log: Log, ended: Callable[[Child], None]) -> None:
        """Starts it.

        Args:
            name: What it is called in the log.
            arguments: Those of the Python interpreter.
            log: Takes each line that it writes to stderr.
            ended: Called once, from another thread, when it has ended.
        """
        self.name = name
        self.grpc_address = ""
        self.metrics_address = ""
        self.http_address = ""
        self._command = [sys.executable, *arguments]
        self._log = log
        self._ended = ended
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._ready = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        started = threading.Event()
        threading.Thread(target=self._live, args=(started,), name=f"{name}-life", daemon=True).start()
        started.wait()

    def wait_ready(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """Waits until it serves; `grpc_address` or `http_address`, and `metrics_address`, then say where.

        Raises:
            UnavailableError: It ended before, or took longer than `timeout_s`; its last words are in the message.
        """
        in_time = self._ready.wait(timeout_s)
        if self._ready_address:
            return
        raise (
            self.failure()
            if in_time
            else Reason.SERVER_UNREACHABLE.error(
                f"The {self.name} did not start within {timeout_s:g} s.{self._last_words()}", server=self.name
            )
        )

    def failure(self) -> OrchestrionError:
        """Says that it ended, and how."""
        code = None if self._process is None else self._process.poll()
        if code is None:
            how = "could not be started"
        else:
            if not self._ready_address and (fault := self._fault()):
                return Reason.SERVER_UNREACHABLE.error(f"The {self.name} did not start: {fault}", server=self.name)
            how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit status {code}"
        return Reason.SERVER_UNREACHABLE.error(f"The {self.name} {how}.{self._last_words()}", server=self.name)

    def terminate(self) -> None:
        """Asks it to stop; returns at once."""
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()

    def finish(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """Waits until it has stopped, and kills it and its own children when it takes longer than `timeout_s`."""
        if self._process is None:
            return
        try:
            self._process.wait(timeout_s)
        except BaseException as reason:  # Too long, or a second Ctrl-C.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            if not isinstance(reason, subprocess.TimeoutExpired):
                raise

    def _live(self, started: threading.Event) -> None:
        try:
            # A group of its own: Ctrl-C in a terminal reaches this process alone, which then stops its children.
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                process_group=0,
            )
        except OSError as error:
            self._take_log(str(error))
            self._ready.set()
            return
        finally:
            started.set()
        readers = [
            threading.Thread(target=self._read, args=(stream, take), name=f"{self.name}-{label}", daemon=True)
            for stream, take, label in (
                (self._process.stdout, self._take_output, "stdout"),
                (self._process.stderr, self._take_log, "stderr"),
            )
        ]
        for reader in readers:
            reader.start()
        self._process.wait()
        for reader in readers:
            # Its last words; a grandchild that outlives it may hold the pipe open.
            reader.join(timeout=1.0)
        self._ready.set()
        self._ended(self)

    def _read(self, stream: IO[str], take: Callable[[str], None]) -> None:
        with stream:
            for line in stream:
                take(line.rstrip("\n"))

    def _take_output(self, line: str) -> None:
        ready = _READY.fullmatch(line)
        if ready is None:
            self._take_log(line)
            return
        self.grpc_address, self.http_address, self.metrics_address = ready.groups(default="")
        self._ready.set()

    def _take_log(self, line: str) -> None:
        self._tail.append(line)
        self._log(self.name, line)

    @property
    def _ready_address(self) -> str:
        return self.grpc_address or self.http_address

    def _fault(self) -> str:
        """Returns what it said was wrong before it ended; empty where it did not."""
        last = self._tail[-1] if self._tail else ""
        return last[len(_FAULT) :] if last.casefold().startswith(_FAULT) else ""

    def _last_words(self) -> str:
        return " Its last words:\n  " + "\n  ".join(self._tail) if self._tail else " It wrote no log."


class Supervisor:
    """Several servers that live and die together. Used as a context manager, which stops them all."""

    def __init__(self, log: Log, *, stop_timeout_s: float = STOP_TIMEOUT_S) -> None:
        """Starts with no server.

        Args:
            log: Takes their lines, from several threads.
            stop_timeout_s: How long they may take to stop after SIGTERM; they are killed then.
        """
        self._log = log
        self._stop_timeout_s = stop_timeout_s
        self._children: list[Child] = []
        self._ended: queue.SimpleQueue[Child] = queue.SimpleQueue()

    def start(self, name: str, arguments: Sequence[str]) -> Child:
        """Starts a server and waits until it serves; errors as `Child.wait_ready`."""
        child = Child(name, arguments, self._log, self._ended.put)
        self._children.append(child)
        child.wait_ready()
        return child

    def wait(self) -> OrchestrionError:
        """Waits until one of the servers ends by itself, and says which and why."""
        return self._ended.get().failure()

    def ended(self) -> OrchestrionError | None:
        """Says which server has ended by itself and why; None while all live."""
        return None if self._ended.empty() else self._ended.get().failure()

    def stop(self) -> None:
        """Stops all, in the reverse order of their starts, and returns when none is left."""
        with contextlib.ExitStack() as stack:
            for child in self._children:
                stack.callback(child.finish, self._stop_timeout_s)
            for child in reversed(self._children):
                child.terminate()

    def __enter__(self) -> Supervisor:
        """Returns the supervisor."""
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
