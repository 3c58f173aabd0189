"""One call inside a worker: its inputs, whether anybody still waits for it, and the ways to tell how it goes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion_host import ipc
from orchestrion_host.worker.output_files import Spool

MAX_PREVIEW_BYTES: Final = 64 << 10
"""The largest preview that the API carries."""
_LONGEST_PIECE: Final = 1 << 18
"""Letters: a piece goes to the caller in one message."""
_LONGEST_PROGRESS: Final = 1_000


class Call:
    """One request of a batch. Runtimes read its inputs and tell its progress; they ask often whether to go on."""

    def __init__(
        self,
        call_id: int,
        task_type: str,
        inputs: Mapping[str, ipc.Plain],
        spool: Spool,
        send: Callable[[ipc.FromWorker], None],
    ) -> None:
        """Keeps what the call brings.

        Args:
            call_id: The host's number of it.
            task_type: The task type that its inputs belong to.
            inputs: The values by name, media as files.
            spool: Where output files go.
            send: Writes a message to the host; may be called from any thread.
        """
        self.id = call_id
        self.task_type = task_type
        self.inputs = inputs
        self.spool = spool.for_call()
        self.page_counts: dict[str, int] = {}
        """How many pages or frames the file of an input has of which the first alone is looked at, by its name."""
        self.generated_token_count = 0
        """How many tokens were generated for it, without those that end a text."""
        self.sent_text = False
        """Whether a piece of a text output was sent: what was told cannot be taken back and computed again."""
        self._send = send
        self._cancelled = threading.Event()

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for it any more."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Marks it as no longer wanted; called from the control thread."""
        self._cancelled.set()

    def raise_if_cancelled(self) -> None:
        """Ends the computation where nobody waits for it any more.

        Raises:
            RunCancelledError: Nobody does.
        """
        if self._cancelled.is_set():
            raise Reason.CANCELLED.error("The call was cancelled.")

    def wait(self, seconds: float) -> None:
        """Sleeps, and wakes up at once when the call is cancelled.

        Raises:
            RunCancelledError: It was cancelled meanwhile.
        """
        self._cancelled.wait(seconds)
        self.raise_if_cancelled()

    def progress(self, message: str, fraction: float | None = None) -> None:
        """Tells what is being done, and how far it is, 0 to 1."""
        self._send(ipc.CallProgress(self.id, fraction, message[:_LONGEST_PROGRESS]))

    def text_piece(self, output: str, text: str) -> None:
        """Sends the next piece of a text output."""
        self.sent_text = True
        for start in range(0, max(len(text), 1), _LONGEST_PIECE):
            self._send(ipc.TextPiece(self.id, output, text[start : start + _LONGEST_PIECE]))

    def preview(self, media_type: str, content: bytes) -> None:
        """Sends a first look at an output; one that is too large is left out."""
        if len(content) <= MAX_PREVIEW_BYTES:
            self._send(ipc.Preview(self.id, media_type, content))

    def text(self, name: str, default: str = "") -> str:
        """Returns a text input, or the default where the call does not bring it."""
        value = self.inputs.get(name, default)
        return value if isinstance(value, str) else default

    def number(self, name: str, default: float = 0.0) -> float:
        """Returns a number input, or the default where the call does not bring it."""
        value = self.inputs.get(name, default)
        return float(value) if isinstance(value, int | float) else default

    def file(self, name: str) -> Path:
        """Returns the file of a media input.

        Raises:
            InvalidArgumentError: The call does not bring it.
        """
        media = ipc.media_of(self.inputs.get(name))
        if media is None:
            raise self.bad_input(name, "is missing, or no artifact.")
        return Path(media.path)

    def bad_input(self, name: str, problem: str, **metadata: int) -> OrchestrionError:
        """Builds the error that says what is wrong with an input.

        Args:
            name: The input.
            problem: The rest of the sentence that begins with its name.
            metadata: Figures in the sentence, by name.
        """
        error = Reason.INVALID_INPUT.error(f"Input `{name}` {problem}", field=f"inputs.{name}")
        error.metadata = {**error.metadata, **{key: str(value) for key, value in metadata.items()}}
        return error
