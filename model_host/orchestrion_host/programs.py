"""Programs of the host's own that run beside it: what would block its loop, or needs libraries that it does not import.

Each writes lines of JSON: `{"message": …}` for progress, then one `{"result": …}` or `{"error": {"reason", "message",
"metadata", "retry_after_ms"}}`. What it writes to stderr goes to the host's log.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Final, cast

from orchestrion.errors import Reason

_log = logging.getLogger(__name__)
_LONGEST_LINE: Final = 16 << 20
_END_GRACE_S: Final = 5.0


async def run(
    module: str, arguments: Sequence[str], environment: Mapping[str, str] | None = None
) -> AsyncGenerator[Mapping[str, Any], None]:
    """Runs `python -m MODULE …` and yields its lines of progress, then the one with the result.

    Leaving early, as a call that is cancelled does, ends the program.

    Args:
        module: The program.
        arguments: Its arguments.
        environment: What is set besides the host's own environment.

    Raises:
        OrchestrionError: What the program says; INTERNAL where it ends without a result.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **(environment or {})},
        limit=_LONGEST_LINE,
    )
    output = cast(asyncio.StreamReader, process.stdout)
    try:
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
        text = f"{module} ended with status {await process.wait()} and without a result; the host's log tells more."
        raise Reason.INTERNAL.error(text)
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ends the program: one that wrote its result ends by itself, any other is asked to, then killed."""
    if process.returncode is None:
        try:
            process.terminate()
            async with asyncio.timeout(_END_GRACE_S):
                await process.wait()
        except ProcessLookupError:
            return
        except TimeoutError:
            process.kill()
            await process.wait()
