"""How many calls a server has at once, fairly between callers; one too many is told so before anything is done."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion_serving import callers
from orchestrion_serving.interceptors import Context, WithinContext
from orchestrion_serving.shares import TIMES_FREE, Shares, Shortage

_ALWAYS_TAKEN: Final = frozenset(
    {
        # What lessens the load, or tells of it, is never turned away because of it.
        "/orchestrion.v1.RegistryService/Advertise",
        "/orchestrion.v1.RunService/CancelRun",
        "/orchestrion.v1.ModelHostService/Release",
    }
)

_SETTING: Final = "max_server_calls"
_RETRY_AFTER_MS: Final = 1_000


class CallLimitInterceptor(WithinContext):
    """Counts the open calls of each caller, streams that are watched too, and refuses those above the limit.

    It also says whose call it is: `callers.current` has it within the call.
    """

    def __init__(self, max_calls: int, *, believe_all: bool) -> None:
        """Starts with no call.

        Args:
            max_calls: How many calls may go on at once: the setting `max_server_calls`.
            believe_all: Whether every peer may say for whom it calls, as `callers.caller_of`.
        """
        super().__init__()
        self._shares = Shares(max_calls)
        self._believe_all = believe_all

    @asynccontextmanager
    async def around(self, method: str, context: Context) -> AsyncIterator[None]:
        """Counts the call.

        Raises:
            ResourceExhaustedError: The server, or the caller, has as many as it may.
        """
        caller = callers.caller_of(context, believe_all=self._believe_all)
        callers.current.set(caller)
        if method in _ALWAYS_TAKEN or method.startswith("/grpc."):
            yield
            return
        if (shortage := self._shares.shortage(caller)) is not None:
            raise self._refusal(caller, shortage)
        self._shares.take(caller)
        try:
            yield
        finally:
            self._shares.give_back(caller)

    def _refusal(self, caller: str, shortage: Shortage) -> OrchestrionError:
        shares = self._shares
        if shortage is Shortage.LIMIT:
            text = f"{shares.total} calls are open, as many as {_SETTING} allows; try again later."
        else:
            text = (
                f"{shares.held(caller)} calls of yours are open, and there is room for {shares.free} more; a caller "
                f"may have {TIMES_FREE} times what there is room for ({_SETTING} is {shares.limit}). Try again later."
            )
        return Reason.SERVER_BUSY.error(text, retry_after_ms=_RETRY_AFTER_MS, setting=_SETTING)
