"""Questions before something large or final is done."""

from __future__ import annotations

import sys


def agreed(question: str, *, yes: bool) -> bool:
    """Asks a question that is answered by yes or no; `--yes` has answered it.

    Raises:
        InvalidArgumentError: Nobody can be asked, since the input is no terminal.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        from orchestrion.errors import Reason

        raise Reason.INVALID_FIELD.error(f"{question} Nobody can be asked here; add --yes to go on.", field="yes")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    # A line that ends without an answer is a no.
    return sys.stdin.readline().strip().lower() in ("y", "yes")
