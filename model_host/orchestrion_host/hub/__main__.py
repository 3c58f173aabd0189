"""`python -m orchestrion_host.hub ACTION ARGUMENTS`: one question to the Hub, or one download.

ARGUMENTS is a JSON object; the answer is lines of JSON, as `orchestrion_host.programs` reads them. A token comes from
HF_TOKEN or from huggingface_hub's own login, and from nowhere else.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.values import JsonObject


def main(arguments: list[str]) -> int:
    """Carries out one action and returns the exit status."""
    # What libraries print is for the host's log; its standard output is for our lines alone.
    output = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", buffering=1)
    sys.stdout = sys.stderr

    def write_line(line: JsonObject) -> None:
        output.write(json.dumps(line) + "\n")

    action, arguments_json = arguments
    try:
        write_line({"result": _actions(write_line)[action](**json.loads(arguments_json))})
    except OrchestrionError as error:
        failure = {"reason": error.reason, "message": error.message, "metadata": dict(error.metadata)}
        write_line({"error": {**failure, "retry_after_ms": error.retry_after_ms}})
        return 1
    except OSError as error:
        write_line({"error": {"reason": Reason.INTERNAL.name, "message": f"The model cache: {error.strerror}."}})
        return 1
    return 0


def _actions(write_line: Callable[[JsonObject], None]) -> Mapping[str, Callable[..., object]]:
    from orchestrion_host.hub import cache, inspecting, pulling

    def tell(message: str, done_bytes: int, total_bytes: int) -> None:
        write_line({"message": message, "done_bytes": done_bytes, "total_bytes": total_bytes})

    return {
        "inspect": inspecting.inspect,
        "refresh": lambda **arguments: inspecting.refresh(**arguments, write=write_line),
        "search": inspecting.search,
        "pull": lambda **arguments: pulling.pull(**arguments, tell=tell),
        "remove": cache.remove,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
