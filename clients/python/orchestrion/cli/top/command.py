"""`orchestrion top`."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Final

import typer

from orchestrion.cli import connections, exits, options, views

if TYPE_CHECKING:
    from orchestrion._sync.client import Client
    from orchestrion.cli.top.looks import PlatformLook
    from orchestrion.cli.top.scraping import Scrape, Scraper

_TIMEOUT_S: Final = 2.0
_METRICS_PORT: Final = 9464


def top(
    *,
    interval: Annotated[
        float, typer.Option("--interval", min=0.1, metavar="SECONDS", help="The time between two looks.")
    ] = 2.0,
    count: Annotated[
        int | None,
        typer.Option(
            "--count",
            min=1,
            metavar="N",
            help="How many looks.  [default: on a terminal until Ctrl-C; elsewhere, or with --json, one]",
        ),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Look once, as --count 1. Rates need two looks.")] = False,
    metrics: Annotated[
        list[str] | None,
        typer.Option(
            "--metrics",
            metavar="URL",
            help="Also read the metrics of this server, such as http://127.0.0.1:9465; repeatable. Hosts that the "
            "controller lists are read anyway.",
        ),
    ] = None,
    controller_metrics: Annotated[
        str | None,
        typer.Option(
            "--controller-metrics",
            metavar="URL",
            help="Where the controller's metrics are.  [default: port 9464 of the machine in --address]",
        ),
    ] = None,
    address: options.Address = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print each look as JSON, one a line, and nothing else.")
    ] = False,
) -> None:
    """Show hosts, memory, queues, runs and tokens as they are now."""
    from orchestrion.cli.top.scraping import Scraper

    if once and count not in (None, 1):
        raise typer.BadParameter("goes without --count", param_hint="'--once'")
    for url in [*(metrics or ()), *([controller_metrics] if controller_metrics else [])]:
        if not url.startswith(("http://", "https://")):
            raise typer.BadParameter(f"{url!r} is no address; give one such as http://127.0.0.1:9465")
    live = views.on_terminal() and not json
    looks = 1 if once else count if count is not None else (None if live else 1)
    with exits.handled(), contextlib.ExitStack() as stack:
        client = stack.enter_context(connections.connect(address))
        scraper = stack.enter_context(
            contextlib.closing(Scraper(controller_metrics or _metrics_url(address), metrics or ()))
        )
        seen = _looks(client, scraper, interval, looks)
        last = _show_live(seen) if live else _print(seen, json=json)
    if last is not None and not last:
        raise typer.Exit(exits.ExitCode.NO_SERVER)


def _looks(client: Client, scraper: Scraper, interval: float, count: int | None) -> Iterator[PlatformLook]:
    """Looks again and again, at the pace asked for, however long a look takes."""
    from orchestrion.cli.top.looks import taken
    from orchestrion.errors import OrchestrionError

    before: list[Scrape] = []
    due = time.monotonic()
    number = 0
    while True:
        problems = []
        try:
            hosts = client.hosts.list(timeout=_TIMEOUT_S)
        except OrchestrionError as error:
            hosts = ()
            problems.append(f"controller: {error.message}")
        now = scraper.scrape()
        yield taken(hosts, before, now, problems)
        before = now
        number += 1
        if number == count:
            return
        due = max(due + interval, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))


def _show_live(looks: Iterator[PlatformLook]) -> bool | None:
    """Draws each look over the one before; a person sees by themselves what does not answer."""
    from rich.live import Live

    from orchestrion.cli.top.drawing import rendered
    from orchestrion.cli.view.live import quiet_keyboard

    # What is typed meanwhile, Ctrl-C among it, would be written into the tables.
    with quiet_keyboard(), Live(console=views.console(), auto_refresh=False) as live:
        for look in looks:
            size = live.console.size
            live.update(rendered(look, size.width, size.height), refresh=True)
    return None


def _print(looks: Iterator[PlatformLook], *, json: bool) -> bool:
    """Prints each look; returns whether any server answered in the last one."""
    from orchestrion.cli.top.drawing import print_plain

    answered = False
    for number, look in enumerate(looks):
        answered = bool(look.hosts) or look.runs.running_count is not None
        if json:
            import dataclasses
            from json import dumps

            # ASCII: names of strangers reach whatever shows this as escapes.
            print(dumps(dataclasses.asdict(look)), flush=True)
        else:
            if number:
                print()
            print_plain(look)
    return answered


def _metrics_url(address: str | None) -> str:
    """Returns where the metrics of the controller at an address are, unless they were moved."""
    from orchestrion._net.endpoint import Endpoint

    target = Endpoint.resolve(address).address
    # A socket file is on this machine, and `dns:///name:port` names one.
    machine = "127.0.0.1" if target.startswith("unix:") else target.rpartition("/")[2].rpartition(":")[0]
    return f"http://{machine or '127.0.0.1'}:{_METRICS_PORT}"
