"""The main job, on real pictures, with no key, no GPU and no Hub: what `make run` does.

Starts a private controller and model host, carries four requests out, shows what happens, and saves the sounds
and pictures that come of them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Final

import orchestrion
from orchestrion.cli.followed_runs import carry_out
from orchestrion.cli.printer import Printer, printable

ROOT: Final = Path(__file__).parents[1]
PICTURES: Final = ROOT / "examples" / "pictures"
OUTPUT: Final = ROOT / "output"


@dataclass(frozen=True, slots=True)
class Job:
    """One request; its files are saved under its name, those of an earlier time replaced."""

    name: str
    request: str
    files: tuple[Path, ...]


ZEBRAS: Final = (PICTURES / "zebra.jpg", PICTURES / "zebras.jpg", PICTURES / "giraffes.jpg")

JOBS: Final = (
    Job("sign", "Read the text in this picture aloud.", (PICTURES / "station.jpg",)),
    Job(
        "longer_sign",
        "Read both pictures, say how similar the two texts are, and speak the longer one.",
        (PICTURES / "bridge.jpg", PICTURES / "icy_road.jpg"),
    ),
    Job("zebras", "How many zebras are in these three pictures?", ZEBRAS),
    Job("zebras_zh", "这三张图片里有几只斑马？", ZEBRAS),  # noqa: RUF001 - as it is written in Chinese.
)


def main() -> int:
    """Carries the requests out; returns 0 when every task of each succeeded and every file was saved."""
    started = time.monotonic()
    try:
        # Left in reverse: an interrupt ends the platform first, and with it what the threads wait for.
        with ThreadPoolExecutor() as threads, orchestrion.embedded() as client:
            print(f"A controller and a model host run, after {time.monotonic() - started:.1f} s.")
            print("All requests run at the same time; each is shown after the one before.", flush=True)
            lines: list[SimpleQueue[str | None]] = [SimpleQueue() for _ in JOBS]
            jobs = [threads.submit(do, client, job, queue.put) for job, queue in zip(JOBS, lines, strict=True)]
            for queue in lines:
                while (line := queue.get()) is not None:
                    print(line, flush=True)
            good = [job.result() for job in jobs]
    except (orchestrion.OrchestrionError, OSError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(f"All took {time.monotonic() - started:.1f} s.")
    return 0 if all(good) else 1


def do(client: orchestrion.Client, job: Job, say: Callable[[str | None], None]) -> bool:
    """Carries one request out and saves what it made; says whether all went well, and None at the end."""
    try:
        say(f'\n"{job.request}"  {"  ".join(str(file.relative_to(ROOT)) for file in job.files)}\n')
        answer = carry_out(client, job.request, job.files, Printer(say).show)
        say(f"\n{printable(answer.text).strip()}\n")
        OUTPUT.mkdir(exist_ok=True)
        for number, name in enumerate(answer.artifacts):
            suffix = Path(client.artifacts.get(name).file_name).suffix or ".wav"
            path = client.artifacts.download(name, OUTPUT / f"{job.name}{f'-{number}' if number else ''}{suffix}")
            say(f"saved {path.relative_to(ROOT)}")
        return bool(answer.artifacts) and all(result.succeeded for result in answer.results)
    finally:
        say(None)


if __name__ == "__main__":
    sys.exit(main())
