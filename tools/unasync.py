"""Makes the clients of `orchestrion._sync` from those of `orchestrion._async`; `make unasync` runs it.

Each line of a source passes through the tables below: whole phrases of docstrings first, then tokens; ruff then sorts
the imports and joins what fits in a line. What cannot be derived from the asyncio side stands in modules that both
sides have by hand, `HAND_WRITTEN`.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).parent.parent / "clients" / "python" / "orchestrion"
SOURCE: Final = PACKAGE / "_async"
TARGET: Final = PACKAGE / "_sync"

HAND_WRITTEN: Final = frozenset({"__init__.py", "channel.py"})
"""The modules that are written on both sides."""

HEADER: Final = "# Made from {source} by tools/unasync.py (`make unasync`): change that file, never this one.\n"

PHRASES: Final = {
    "One belongs to the event loop of its first call. It connects there": (
        "Threads may share one. It connects at the first call"
    ),
    "Leave its loop early only inside `contextlib.aclosing`, which ends": "Leaving its loop early, or `close()`, ends",
    "an asynchronous iterator": "an iterator",
}
"""Phrases of docstrings that say what holds under asyncio, and what holds for threads instead."""

TOKENS: Final = (
    (r"\bAsyncGenerator\[(.+?), None\](?=[:,\]]|$)", r"Generator[\1, None, None]"),
    (r"\bAsync([A-Z]\w*)", r"\1"),
    (r"\b_async\b", "_sync"),
    (r"\basync (def|for|with)\b", r"\1"),
    (r"\bawait ", ""),
    (r"\baclosing\b", "closing"),
    (r"\banext\(", "next("),
    (r"\bStopAsyncIteration\b", "StopIteration"),
    (r"\b__a(enter|exit)__\b", r"__\1__"),
)
"""Patterns of code, and what stands for them."""

LEFTOVERS: Final = re.compile(r"\b(async|await|asyncio|a(iter|next))\b|\bAsync[A-Z]|__a(enter|exit|iter|next)__")
"""What no sync module has; a source that leads to it needs another line above, or a word in a hand-written module."""


def translated(source: str) -> str:
    """Returns the sync text of an asyncio module, not formatted yet."""
    for phrase, replacement in PHRASES.items():
        source = source.replace(phrase, replacement)
    for pattern, replacement in TOKENS:
        source = re.sub(pattern, replacement, source, flags=re.MULTILINE)
    return source


def generated(path: Path) -> str:
    """Returns the whole sync module of an asyncio module.

    Raises:
        ValueError: Something of asyncio is left in it.
    """
    text = HEADER.format(source=path.relative_to(PACKAGE).as_posix()) + translated(path.read_text("utf-8"))
    name = str(TARGET / path.name)
    text = _ruff(["check", "--quiet", "--fix", "--select", "I", "--stdin-filename", name], text)
    text = _ruff(["format", "--quiet", "--stdin-filename", name], text)
    for number, line in enumerate(text.splitlines()[1:], 2):
        if left := LEFTOVERS.search(line):
            raise ValueError(f"{TARGET.name}/{path.name}:{number}: {left[0]!r} is left: {line.strip()}")
    return text


def modules() -> dict[Path, str]:
    """Returns every generated module by its path."""
    return {
        TARGET / path.name: generated(path) for path in sorted(SOURCE.glob("*.py")) if path.name not in HAND_WRITTEN
    }


def main() -> None:
    """Writes the modules that differ, or with --check only names them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where something differs")
    check = parser.parse_args().check
    wanted = modules()
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
    strays = [path for path in TARGET.glob("*.py") if path not in wanted and path.name not in HAND_WRITTEN]
    for path in stale:
        print(f"{TARGET.name}/{path.name}", "is stale" if check else "is made anew")
        if not check:
            path.write_text(wanted[path], "utf-8")
    for path in strays:
        print(f"{TARGET.name}/{path.name}", "has no source" if check else "is removed: it has no source")
        if not check:
            path.unlink()
    if check and (stale or strays):
        sys.exit("Run `make unasync`.")


def _ruff(arguments: list[str], text: str) -> str:
    ruff = Path(sys.executable).with_name("ruff")
    return subprocess.run(
        [ruff, *arguments, "-"], input=text, check=True, capture_output=True, text=True, encoding="utf-8"
    ).stdout


if __name__ == "__main__":
    main()
