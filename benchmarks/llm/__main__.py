"""Has 88 recorded conversations with a language model again: `make eval-llm`. Exits with 1 where one ends wrongly."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence

from benchmarks.llm import measuring, pairs, report
from benchmarks.llm.judging import Judged, judge
from benchmarks.llm.pairs import Replay
from benchmarks.llm.replaying import replayer


async def judged(replays: Sequence[Replay]) -> Sequence[Judged]:
    """Has conversations again, one after another, and judges how they end."""
    async with replayer() as again:
        return [judge(replay, await again.again(replay)) for replay in replays]


async def evaluate(only: Sequence[int], *, quiet: bool) -> int:
    """Prints everything, and returns the exit status."""
    replays = [replay for replay in pairs.load() if not only or replay.number in only]
    results = await judged(replays)
    lengths = await measuring.lengths(results) if not only else []
    rooms = await measuring.room(replays) if not only else []
    shown = [item for item in results if not (quiet and item.is_right)]
    tables = [report.pairs(shown, results), [report.strangers(results)]]
    tables += [report.lengths(lengths), report.rooms(rooms)] if not only else []
    print("\n\n".join("\n".join(table) for table in tables))
    is_good = all(item.is_right for item in results)
    return 0 if is_good and all(item.is_within for item in lengths) and all(item.is_enough for item in rooms) else 1


def main() -> int:
    """Reads the arguments, and returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.llm", description=__doc__)
    parser.add_argument(
        "--only", default="", help="numbers of pairs, with commas; default: all, and lengths of prompts"
    )
    parser.add_argument("--quiet", action="store_true", help="list only what is wrong")
    arguments = parser.parse_args()
    only = [int(number) for number in arguments.only.split(",") if number]
    return asyncio.run(evaluate(only, quiet=arguments.quiet))


if __name__ == "__main__":
    sys.exit(main())
