"""The main job, on real pictures, with no key, no GPU and no Hub: what `make run` does.

Starts a private controller and model host, carries two requests out, shows what happens, and saves the sounds.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orchestrion
from orchestrion.cli.ask import carry_out, print_answer
from orchestrion.cli.printer import Printer

ROOT: Final = Path(__file__).parents[1]
PICTURES: Final = ROOT / "examples" / "pictures"
OUTPUT: Final = ROOT / "output"


@dataclass(frozen=True, slots=True)
class Job:
    """One request; its sounds are saved under its name, those of an earlier time replaced."""

    name: str
    request: str
    files: tuple[Path, ...]


JOBS: Final = (
    Job("sign", "Read the text in this picture aloud.", (PICTURES / "station.jpg",)),
    Job(
        "longer_sign",
        "Read both pictures, say how similar the two texts are, and speak the longer one.",
        (PICTURES / "bridge.jpg", PICTURES / "icy_road.jpg"),
    ),
)


def main() -> int:
    """Carries the requests out; returns 0 when every task of each succeeded and every sound was saved."""
    started = time.monotonic()
    try:
        with orchestrion.embedded() as client:
            print(f"A controller and a model host run, after {time.monotonic() - started:.1f} s.")
            good = [do(client, job) for job in JOBS]
    except (orchestrion.OrchestrionError, OSError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(f"All took {time.monotonic() - started:.1f} s.")
    return 0 if all(good) else 1


def do(client: orchestrion.Client, job: Job) -> bool:
    """Carries one request out and saves what it made; says whether all went well."""
    print(f'\n"{job.request}"  {"  ".join(str(file.relative_to(ROOT)) for file in job.files)}\n')
    answer = carry_out(client, job.request, job.files, Printer(print).show)
    print_answer(answer)
    OUTPUT.mkdir(exist_ok=True)
    for number, name in enumerate(answer.artifacts):
        suffix = Path(client.get_artifact(name).file_name).suffix or ".wav"
        path = client.download(name, OUTPUT / f"{job.name}{f'-{number}' if number else ''}{suffix}")
        print(f"saved {path.relative_to(ROOT)}")
    return bool(answer.artifacts) and all(result.succeeded for result in answer.results)


if __name__ == "__main__":
    sys.exit(main())
