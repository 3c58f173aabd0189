"""Chats with an OpenAI-compatible endpoint in a worker: cancelled at once, and with errors of the project."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_serving.chat import (
    OPENAI,
    ChatFailure,
    ChatParameters,
    EndpointAddress,
    Message,
    ReplyEnd,
    Trouble,
    wrong_key,
    wrong_url,
)
from orchestrion_serving.chat_endpoint import ChatEndpoint, EndpointHabits, ReplyTimeouts

_DEFAULT_MODEL: Final = "gpt-4.1-mini"
_DEFAULT_TIMEOUT_S: Final = 60.0
_DEFAULT_RETRY_MS: Final = 1000
_LONGEST_WAIT_S: Final = 86_400.0
_OFTEN_S: Final = 0.05
"""How often a call looks whether anybody waits for it, in seconds: it is cancelled from another thread."""


@dataclass(frozen=True, slots=True)
class WrittenText:
    """What a model wrote."""

    text: str
    end: ReplyEnd


class WorkerChat:
    """One model at one endpoint, asked by the calls of a worker, each on the thread that it runs on."""

    def __init__(self, spec: ipc.Load) -> None:
        """Reads where the endpoint is: `OPENAI_BASE_URL`, `OPENAI_API_KEY` and `OPENAI_MODEL`, as the controller does.

        The options `base_url`, `model` and `timeout_s` (seconds without a piece of a reply) go before.

        Raises:
            FailedPreconditionError: The URL or the key cannot be.
        """
        options = spec.options
        url, key = options.get("base_url") or os.environ.get("OPENAI_BASE_URL"), os.environ.get("OPENAI_API_KEY")
        named = "options.base_url" if options.get("base_url") else "OPENAI_BASE_URL"
        for setting, wrong in ((named, wrong_url(str(url or ""))), ("OPENAI_API_KEY", wrong_key(key or ""))):
            if wrong:
                raise spec.refused(f"{setting}: {wrong}")
        self._id = spec.expert_id
        self._address = EndpointAddress(str(url or OPENAI), key or "")
        self._model = str(options.get("model") or os.environ.get("OPENAI_MODEL") or _DEFAULT_MODEL)
        timeout_s = float(options.get("timeout_s", _DEFAULT_TIMEOUT_S))
        self._timeouts = ReplyTimeouts(timeout_s, timeout_s)
        self._habits = EndpointHabits(self._address)

    def write(
        self, call: Call, messages: Sequence[Message], parameters: ChatParameters, tell: Callable[[str], None]
    ) -> WrittenText:
        """Asks, and waits for the whole reply.

        Args:
            call: The call that asks; the reply is left as soon as it is cancelled.
            messages: The conversation.
            parameters: What else to ask for.
            tell: Takes the pieces as they come.

        Raises:
            RunCancelledError: Nobody waits for it any more.
            OrchestrionError: There is no reply, or not the whole of one: see `explained`.
        """
        try:
            return asyncio.run(self._write(call, messages, parameters, tell))
        except asyncio.CancelledError:
            call.raise_if_cancelled()
            raise
        except ChatFailure as failure:
            raise self.explained(failure) from failure

    async def _write(
        self, call: Call, messages: Sequence[Message], parameters: ChatParameters, tell: Callable[[str], None]
    ) -> WrittenText:
        asking = asyncio.current_task()
        watch = asyncio.create_task(_cancel_with(call, asking)) if asking else None
        # A client of its own: its connections belong to this thread's loop, and leaving closes them.
        endpoint = ChatEndpoint(self._address, self._model, self._timeouts, self._habits)
        pieces: list[str] = []
        end = ReplyEnd("")
        try:
            async with aclosing(endpoint.reply(messages, parameters)) as reply:
                async for item in reply:
                    if isinstance(item, ReplyEnd):
                        end = item
                    else:
                        pieces.append(item)
                        tell(item)
        finally:
            if watch:
                watch.cancel()
            await endpoint.aclose()
        call.generated_token_count += end.counts.completion
        return WrittenText("".join(pieces)[end.withdrawn :], end)

    def explained(self, failure: ChatFailure) -> OrchestrionError:
        """Maps a failure to an error with the endpoint's own words, and never the key.

        | error | when |
        |---|---|
        | FailedPreconditionError | it wants a key or another one (HUB_ACCESS_DENIED), the account has nothing left \
(LLM_QUOTA_EXHAUSTED), or the text is too long (LLM_CONTEXT_EXCEEDED) |
        | NotFoundError | it has no such model (MODEL_NOT_FOUND) |
        | ResourceExhaustedError | it asks to wait (HUB_RATE_LIMITED, with how long) |
        | UnavailableError | no answer, in time or at all, or a fault of its own (HUB_UNREACHABLE) |
        | InternalError | it refuses the request as such (EXPERT_FAILED) |
        """
        complaint = failure.complaint
        said = complaint.quoted(self._address.secrets)
        saying = f": {said}" if said else "."
        status = f" (HTTP {complaint.status})" if complaint.status else ""
        about = {"expert": self._id} | ({"status": str(complaint.status)} if complaint.status else {})
        wait_s = complaint.retry_after_s
        wait_ms = None if wait_s is None else round(min(wait_s, _LONGEST_WAIT_S) * 1000)
        its = f"The endpoint of {self._id}"
        match failure.trouble:
            case Trouble.KEY:
                text = f"{its} wants a key, or does not take the one it got{status}{saying}"
                return Reason.HUB_ACCESS_DENIED.error(text, about)
            case Trouble.PAYMENT:
                return Reason.LLM_QUOTA_EXHAUSTED.error(
                    f"The account at {its[0].lower()}{its[1:]} is empty{saying}", about
                )
            case Trouble.MODEL:
                return Reason.MODEL_NOT_FOUND.error(f"{its} has no model {self._model}{status}{saying}", about)
            case Trouble.CONTEXT:
                return Reason.LLM_CONTEXT_EXCEEDED.error(f"The text is too long for {self._id}{status}{saying}", about)
            case Trouble.BUSY:
                text = f"{its} asks to wait{saying}"
                return Reason.HUB_RATE_LIMITED.error(text, about, retry_after_ms=wait_ms or _DEFAULT_RETRY_MS)
            case Trouble.SILENT:
                text = f"{its} did not answer in time; options.timeout_s sets how long it may take."
                return Reason.HUB_UNREACHABLE.error(text, about)
            case Trouble.BROKE_OFF:
                return Reason.HUB_UNREACHABLE.error(f"{its} broke off in the middle of its reply{saying}", about)
            case Trouble.UNREACHABLE:
                return Reason.HUB_UNREACHABLE.error(f"{its} cannot be reached{saying}", about)
        if 400 <= complaint.status < 500:
            return Reason.EXPERT_FAILED.error(f"{its} refuses the request{status}{saying}", about)
        return Reason.HUB_UNREACHABLE.error(f"{its} failed{status}{saying}", about, retry_after_ms=wait_ms)


async def _cancel_with(call: Call, asking: asyncio.Task[WrittenText]) -> None:
    while not call.cancelled:  # noqa: ASYNC110 - It is set by another thread, which has no loop.
        await asyncio.sleep(_OFTEN_S)
    asking.cancel()
