"""Writes what is made of protos/ beside the stubs; `--check` only says what is out of date, and fails."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from protos.generators import api, docstrings, methods, pairs


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the files, or checks them; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m protos.generators", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file is out of date")
    check = parser.parse_args(argv).check
    described = api.read()
    stale = outdated(described)
    for path, text in stale.items():
        if check:
            sys.stderr.write(f"protos-check: {os.path.relpath(path)} is out of date; run: make protos\n")
        else:
            path.write_text(text, "utf-8")
    undocumented = list(docstrings.missing(described))
    for name in undocumented:
        sys.stderr.write(f"protos: {name} has no docstring: protos/ has no comment for it, so write one\n")
    return 1 if undocumented or (check and stale) else 0


def outdated(described: api.Api) -> dict[Path, str]:
    """Returns the files that are not what protos/ says, with the text that they should have."""
    made = {path: _formatted(text) for path, text in (pairs.generate(described) | methods.generate(described)).items()}
    made |= docstrings.generate(described)
    return {path: text for path, text in made.items() if not path.is_file() or path.read_text("utf-8") != text}


def _formatted(text: str) -> str:
    ruff = Path(sys.executable).with_name("ruff")
    return subprocess.run([ruff, "format", "-"], input=text, check=True, capture_output=True, encoding="utf-8").stdout


if __name__ == "__main__":
    sys.exit(main())
