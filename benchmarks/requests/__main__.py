"""Measures a planner on requests of people: `make eval-requests`. Starts a platform for each library."""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.processes import ROOT, servers
from benchmarks.requests import asking, report
from benchmarks.requests.asking import FOLDER, AskedRequest
from benchmarks.requests.judging import Judgement, judge

_HOSTS: Final = {
    # What the starter profile has, and stand-ins for every task type, which can be planned with and no more.
    "starter": [],
    "catalogue": ["--catalogue-paths", str(FOLDER / "catalogue")],
}


def main() -> None:
    """Has the requests planned by both libraries, and prints how many were done, refused and named rightly."""
    arguments = _arguments()
    requests = asking.load(arguments.requests)
    if arguments.only:
        requests = [request for request in requests if request.id in arguments.only.split(",")]
    if arguments.sample:
        # The order stays: requests of one library are asked of one platform.
        drawn = frozenset(random.Random(arguments.seed).sample(range(len(requests)), arguments.sample))
        requests = [request for place, request in enumerate(requests) if place in drawn]
    if arguments.recorded:
        recorded = json.loads(arguments.recorded.read_text("utf-8"))
        judgements = report.judged_again(recorded, requests, runs_partial=_runs_partial(arguments))
    else:
        judgements = _measured(requests, arguments)
        arguments.report.parent.mkdir(parents=True, exist_ok=True)
        written = json.dumps(report.to_json(judgements), ensure_ascii=False, indent=1)
        arguments.report.write_text(written + "\n", "utf-8")
    for line in (*report.shown(judgements, arguments.show.split(",")), *report.lines(judgements)):
        print(line)


def _measured(requests: Sequence[AskedRequest], arguments: argparse.Namespace) -> Sequence[Judgement]:
    judgements: list[Judgement] = []
    for library, flags in _HOSTS.items():
        part = [request for request in requests if request.library == library]
        if not part:
            continue
        log_path = ROOT / "build" / f"requests-{library}.log"
        log_path.parent.mkdir(exist_ok=True)
        planner = ["--planner", arguments.planner, "--responder", "builtin"]
        with (
            tempfile.TemporaryDirectory(prefix="orchestrion-requests-", ignore_cleanup_errors=True) as home,
            log_path.open("w") as log,
            servers(home, planner, flags, log) as running,
        ):
            outcomes = asking.ask(running.controller.grpc_address, part, arguments.files, arguments.timeout)
        judgements += map(partial(judge, runs_partial=_runs_partial(arguments)), part, outcomes)
    return judgements


def _runs_partial(arguments: argparse.Namespace) -> bool:
    """Whether the planner's plans run that do not do all of a request: the built-in one asks first."""
    return bool(arguments.planner != "builtin")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.requests", description=__doc__)
    parser.add_argument("--requests", type=Path, default=FOLDER / "requests.jsonl", help="requests, as README.md says")
    parser.add_argument("--files", type=Path, default=FOLDER / "files", help="the folder of their files")
    parser.add_argument("--show", default="", help="verdicts whose requests are shown: wrong,refused,planned, … or all")
    parser.add_argument("--only", default="", help="ids of requests, with commas; default: all")
    parser.add_argument("--sample", type=int, default=0, help="how many requests are drawn by lot; default: all")
    parser.add_argument("--seed", type=int, default=1, help="the seed of the lot; default: 1")
    parser.add_argument(
        "--planner",
        default="builtin",
        help="the planner; default: builtin. llm takes its settings from the environment",
    )
    parser.add_argument("--timeout", type=float, default=180, help="how long a plan may take, in seconds")
    parser.add_argument("--report", type=Path, default=ROOT / "build" / "requests.json", help="where the report goes")
    parser.add_argument("--recorded", type=Path, help="a report to judge anew, instead of asking")
    return parser.parse_args()


if __name__ == "__main__":
    main()
