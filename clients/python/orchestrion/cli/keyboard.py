"""The keyboard before a question is asked at the terminal."""

from __future__ import annotations

import sys


def forget_typed() -> None:
    """Drops keys that were pressed before there was a question: they are no answer to it."""
    try:
        import termios

        termios.tcflush(sys.stdin, termios.TCIFLUSH)
    except (ImportError, OSError, ValueError, termios.error):
        return  # Not a Unix, or no keyboard there.
