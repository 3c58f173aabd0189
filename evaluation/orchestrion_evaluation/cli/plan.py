"""`orchestrion eval plan`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrion.cli import exits, options

if TYPE_CHECKING:
    from orchestrion_evaluation.library import Library
    from orchestrion_evaluation.samples import Sample


def plan(
    *,
    data: Annotated[
        Path,
        typer.Option("--data", metavar="FILE", exists=True, dir_okay=False, help="Samples in TaskBench's format."),
    ],
    tools: Annotated[
        Path,
        typer.Option("--tools", metavar="FILE", exists=True, dir_okay=False, help="Their tools in TaskBench's format."),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", dir_okay=False, help="Where to write the report, as JSON."),
    ],
    planner: options.Planner = None,
    concurrency: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="COUNT",
            help="How many requests to plan at a time; more than one adds to each one's latency.  [default: 4 with "
            "`--planner llm`, else 1]",
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, metavar="COUNT", help="Only so many samples, the first.")] = None,
    timeout: Annotated[
        float,
        typer.Option(min=0.001, metavar="SECONDS", help="How long one request may take until it counts as failed."),
    ] = 120.0,
    resamples: Annotated[
        int, typer.Option(min=0, metavar="COUNT", help="Draws for the 95 % intervals (bootstrap); 0 for none.")
    ] = 1000,
    seed: Annotated[int, typer.Option(metavar="NUMBER", help="Of the draws: the same gives the same intervals.")] = 0,
    restart: Annotated[
        bool, typer.Option("--restart", help="Plan all anew, also what an interrupted evaluation has done.")
    ] = False,
    published: Annotated[
        bool,
        typer.Option("--published", help="Print what TaskBench publishes for its Hugging Face tools, beside ours."),
    ] = False,
    embedded: Annotated[
        bool,
        typer.Option(
            "--embedded", help="Start a private controller, also where another is set by ORCHESTRION_CONTROLLER."
        ),
    ] = False,
    address: Annotated[
        str | None,
        typer.Option(
            "--address",
            "--server",
            metavar="HOST:PORT",
            envvar="ORCHESTRION_CONTROLLER",
            help="The controller.  [default: a private one]",
        ),
    ] = None,
    plain: options.Plain = False,
) -> None:
    """Plan the requests of samples and compare the plans with the right ones.

    Without an address it starts a controller for itself. An evaluation that was interrupted goes on where it was when
    it is started again. docs/planning-evaluation.md says what the numbers mean.
    """
    with exits.handled():
        from orchestrion_evaluation import report
        from orchestrion_evaluation.cli import printout
        from orchestrion_evaluation.cli.runner import Running, run
        from orchestrion_evaluation.library import read_library
        from orchestrion_evaluation.samples import read_samples

        if not output.absolute().parent.is_dir():
            from orchestrion.errors import Reason

            raise Reason.INVALID_FIELD.error(f"--output: there is no folder {output.parent}; make it.", field="output")
        library = read_library(tools.read_text("utf-8-sig"), tools.name)
        samples = read_samples(data.read_text("utf-8-sig"), data.name, library)[:limit]
        _warn(samples, library)
        planner_name = planner or ""
        running = Running(
            samples=samples,
            library=library,
            key_parts=(data.read_text("utf-8-sig"), tools.read_text("utf-8-sig"), planner_name),
            planner=planner_name,
            concurrency=concurrency or (4 if planner_name == "llm" else 1),
            timeout_s=timeout,
            address=None if embedded else address or None,
            journal=output.with_name(output.name + ".journal.jsonl"),
            restart=restart,
            plain=plain,
        )
        outcomes = run(running)
        evaluation = report.evaluate(samples, outcomes, resamples=resamples, seed=seed)
        settings = {
            "data": str(data),
            "tools": str(tools),
            "planner": planner_name,
            "concurrency": running.concurrency,
            "limit": limit,
            "timeout_s": timeout,
            "resamples": resamples,
            "seed": seed,
            "address": running.address or "",
        }
        report.write(report.to_json(evaluation, settings), output)
        if not evaluation.failures.passing:
            running.journal.unlink(missing_ok=True)
        printout.show(evaluation, len(library.tools), published=published)
        exits.tell(f"Wrote {output}.")
        if count := evaluation.failures.passing:
            exits.tell(f"{count} of the failures may pass; the same command plans these requests again.")


def _warn(samples: list[Sample], library: Library) -> None:
    from orchestrion_evaluation.library import closest
    from orchestrion_evaluation.samples import unknown_tools

    for name in unknown_tools(samples, library):
        hint = closest(name, library.by_id)
        exits.tell(
            f"Warning: samples use {name!r}, which is not in the tool file: no plan can hold it. {hint}".rstrip()
        )
