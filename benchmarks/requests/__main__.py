"""Measures the built-in planner on requests of people: `make eval-requests`. Starts a platform for each library."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.processes import ROOT, servers

_FOLDER: Final = Path(__file__).parent
_HOSTS: Final = {
    # What the starter profile has, and stand-ins for every task type, which can be planned with and no more.
    "starter": [],
    "catalogue": ["--catalogue-paths", str(_FOLDER / "catalogue")],
}


def main() -> None:
    """Asks both libraries, and prints how many were done, refused and named rightly."""
    output = ROOT / "build"
    output.mkdir(exist_ok=True)
    reports = []
    for library, flags in _HOSTS.items():
        report = output / f"requests-{library}.json"
        planner = ["--planner", "builtin", "--responder", "builtin"]
        with (
            tempfile.TemporaryDirectory(prefix="orchestrion-requests-", ignore_cleanup_errors=True) as home,
            (output / f"requests-{library}.log").open("w") as log,
            servers(home, planner, flags, log) as running,
        ):
            _score("--address", running.controller.grpc_address, "--library", library, "--report", str(report))
        reports.append(str(report))
    _score("--merge", *reports, *sys.argv[1:], shows=True)


def _score(*arguments: str, shows: bool = False) -> None:
    script = [sys.executable, str(_FOLDER / "score_requests.py"), *arguments]
    subprocess.run(script, check=True, stdout=None if shows else subprocess.DEVNULL)


if __name__ == "__main__":
    main()
