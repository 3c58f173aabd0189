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
from contextlib import aclosing
from typing import Final

from orchestrion.errors import Reason
from orchestrion.values import JsonObject
from orchestrion_host.child_process import running

_log = logging.getLogger(__name__)
_BESIDE: Final = "orchestrion_host.beside"
_END_GRACE_S: Final = 5.0


async def run(
    module: str, arguments: Sequence[str], environment: Mapping[str, str] | None = None
) -> AsyncGenerator[JsonObject, None]:
    """Runs `python -m MODULE …` and yields its lines of progress, then the one with the result.

    Leaving early, as a call that is cancelled does, ends the program; so does the end of the host, however that comes.

    Args:
        module: The program.
        arguments: Its arguments.
        environment: What is set besides the host's own environment.

    Raises:
        OrchestrionError: What the program says; INTERNAL where it ends without a result.
    """
    command = [sys.executable, "-m", _BESIDE, str(os.getpid()), module, *arguments]
    async with running(command, {**os.environ, **(environment or {})}, grace_s=_END_GRACE_S) as (child, output):
        async with aclosing(output.lines()) as lines:
            async for raw in lines:
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
        status = await asyncio.shield(child.ended)
        text = f"{module} ended with status {status} and without a result; the host's log tells more."
        raise Reason.INTERNAL.error(text)
