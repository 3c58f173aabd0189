"""The life of a gateway's process: logs, the ready line, and a clean end."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import os
import signal
import sys
from collections.abc import Coroutine
from typing import Any, Final

from orchestrion import logs
from orchestrion_gateway.config import REMOTE_WARNING, GatewayConfig, is_loopback
from orchestrion_gateway.server import Gateway

_log: Final = logging.getLogger(__name__)
_PARENT_DEATH_SIGNAL: Final = 1  # PR_SET_PDEATHSIG of Linux's prctl(2).


def set_up_logging(config: GatewayConfig, level: str, form: str, *, content: bool) -> None:
    """Writes logs to stderr as `orchestrion.logs.set_up`, with the id of the trace where there is tracing."""
    ids: logs.Ids = dict
    if config.otlp_endpoint:
        with contextlib.suppress(ModuleNotFoundError):  # `Gateway` says what is to be installed.
            from orchestrion_gateway.tracing import current_ids as ids
    logs.set_up(level, form, ids, content=content)
    if level == "info":
        logging.getLogger("uvicorn").setLevel(logging.WARNING)  # It tells of its own steps.


def run(config: GatewayConfig, *, access_log: bool = False, exit_with_parent: bool = False) -> None:
    """Serves until SIGTERM or SIGINT; a second signal ends the process at once.

    Raises:
        OrchestrionError: No controller answers.
        OSError: A port is taken, or the address is none of this machine's.
    """
    if exit_with_parent:
        _end_with_parent()
    _run(_serve(config, access_log=access_log))


async def _serve(config: GatewayConfig, *, access_log: bool) -> None:
    signalled = _signalled()
    gateway = Gateway(config, access_log=access_log)
    starting, waiting = asyncio.ensure_future(gateway.start()), asyncio.ensure_future(signalled.wait())
    both: list[asyncio.Future[Any]] = [starting, waiting]
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            return
        starting.result()
        _log.info("serves the controller at %s: %s (/docs has the calls)", gateway.controller, _url(gateway.address))
        if not is_loopback(config.listen_host):
            _log.warning("other machines reach %s: %s", gateway.address, REMOTE_WARNING)
        # The one line on stdout by which whoever started the process learns that it serves, and where. Whoever reads it
        # may send a signal at once, so the handlers are there.
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.write(f"ready http={gateway.address} metrics={gateway.metrics_address}\n")
            sys.stdout.flush()
        await waiting
    finally:
        waiting.cancel()
        starting.cancel()
        await asyncio.wait([starting])
        await gateway.stop()


def _url(address: str) -> str:
    return address if address.startswith("unix:") else f"http://{address}"


def _signalled() -> asyncio.Event:
    """Handles SIGTERM and SIGINT from now on: the first sets the event, the second ends the process."""
    loop, requested = asyncio.get_running_loop(), asyncio.Event()

    def request() -> None:
        if requested.is_set():
            os._exit(130)
        requested.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, request)
    return requested


def _run(main: Coroutine[Any, Any, None]) -> None:
    try:
        import uvloop  # Not on every platform.
    except ImportError:
        asyncio.run(main)
    else:
        uvloop.run(main)


def _end_with_parent() -> None:
    """Has the kernel send SIGTERM when the parent process dies, however it dies. Does nothing outside Linux."""
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None, use_errno=True).prctl(_PARENT_DEATH_SIGNAL, signal.SIGTERM)
        if os.getppid() != parent:  # The parent died before prctl took effect.
            os.kill(os.getpid(), signal.SIGTERM)
