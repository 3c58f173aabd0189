"""Programs of the host's own that run beside it: what would block its loop, or needs libraries that it does not import.

Each writes lines of JSON: `{"message": …}` for progress, then one `{"result": …}` or `{"error": {"reason", "message",
"metadata", "retry_after_ms"}}`. What it writes to stderr goes to the host's log.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import IO, Final, cast

from orchestrion.errors import Reason
from orchestrion.values import JsonObject

_log = logging.getLogger(__name__)
_LONGEST_LINE: Final = 16 << 20
_END_GRACE_S: Final = 5.0


async def run(
    module: str, arguments: Sequence[str], environment: Mapping[str, str] | None = None
) -> AsyncGenerator[JsonObject, None]:
    """Runs `python -m MODULE …` and yields its lines of progress, then the one with the result.

    Leaving early, as a call that is cancelled does, ends the program.

    Args:
        module: The program.
        arguments: Its arguments.
        environment: What is set besides the host's own environment.

    Raises:
        OrchestrionError: What the program says; INTERNAL where it ends without a result.
    """
    process = _start([sys.executable, "-m", module, *arguments], {**os.environ, **(environment or {})})
    output = asyncio.StreamReader(_LONGEST_LINE)
    transport: asyncio.BaseTransport | None = None
    try:
        # It owns the pipe from here on: where the call is cancelled in this wait, it closes it, and nobody else does.
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(output), cast(IO[bytes], process.stdout)
        )
        async for raw in output:
            try:
                line = json.loads(raw)
            except ValueError:
                _log.info("%s: %s", module, raw.decode(errors="replace").rstrip())
                continue
            if error := line.get("error"):
                raise Reason.rebuild(
                    error["reason"], error["message"], error.get("metadata", {}), error.get("retry_after_ms")
                )
            yield line
            if "result" in line:
                return
        text = f"{module} ended with status {await _wait(process)} and without a result; the host's log tells more."
        raise Reason.INTERNAL.error(text)
    finally:
        if transport is not None:
            transport.close()
        await _end(process)


def _start(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Starts a program by vfork.

    What event loops have for this forks, which runs gRPC's handlers in the copy of a process with many threads; now and
    then that copy crashed.
    """
    return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)


async def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the program: one that wrote its result ends by itself, any other is asked to, then killed."""
    process.terminate()
    try:
        async with asyncio.timeout(_END_GRACE_S):
            await _wait(process)
    except TimeoutError:
        process.kill()
        await _wait(process)


async def _wait(process: subprocess.Popen[bytes]) -> int:
    """Waits until the program has ended, and returns its status, negative for a signal."""
    if process.returncode is not None:
        return process.returncode
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    descriptor = os.pidfd_open(process.pid)
    loop.add_reader(descriptor, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
    return process.wait()
