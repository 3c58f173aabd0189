"""`orchestrion up`."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from orchestrion.cli import exits

if TYPE_CHECKING:
    from orchestrion._processes.platform import Platform
    from orchestrion.errors import OrchestrionError

_FLAGS: Final[Mapping[str, Sequence[tuple[str, str]]]] = {
    "controller": (
        ("--listen-host", "ORCHESTRION_CONTROLLER_LISTEN_HOST"),
        ("--metrics-host", "ORCHESTRION_CONTROLLER_METRICS_HOST"),
    ),
    "host": (
        ("--port", "--host-port"),
        ("--metrics-port", "--host-metrics-port"),
        ("--listen-host", "ORCHESTRION_HOST_LISTEN_HOST"),
        ("--metrics-host", "ORCHESTRION_HOST_METRICS_HOST"),
    ),
    "gateway": (
        ("--port", "--web-port"),
        ("--metrics-port", "--web-metrics-port"),
        ("--host", "ORCHESTRION_GATEWAY_HOST"),
        ("--metrics-host", "ORCHESTRION_GATEWAY_METRICS_HOST"),
    ),
}
"""By server, its own flags and what sets the same here."""


def up(
    *,
    port: Annotated[
        int | None, typer.Option(help="The controller's gRPC port.  [default: 50051]", min=0, max=65535)
    ] = None,
    metrics_port: Annotated[
        int | None, typer.Option(help="The controller's metrics port.  [default: 9464]", min=0, max=65535)
    ] = None,
    host_port: Annotated[
        int | None, typer.Option(help="The host's gRPC port.  [default: 50061]", min=0, max=65535)
    ] = None,
    host_metrics_port: Annotated[
        int | None, typer.Option(help="The host's metrics port.  [default: 9465]", min=0, max=65535)
    ] = None,
    host_name: Annotated[str, typer.Option(help="What the host is called.")] = "local",
    home: Annotated[
        Path | None,
        typer.Option(help="The folder of all state.  [default: ORCHESTRION_HOME, or the platform's user data folder]"),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Which experts the host offers: starter, small, standard, full or remote; what is missing of them is "
            "downloaded if you agree.  [default: the host's setting, or starter]",
        ),
    ] = None,
    expert: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE.py:CLASS",
            help="Also offer this expert written in Python, such as path/to/file.py:MyExpert. Repeatable.",
        ),
    ] = None,
    llm_expert: Annotated[
        str | None,
        typer.Option(
            metavar="EXPERT",
            help="The conversational expert of the host that plans and answers, such as qwen2.5-7b-instruct.  "
            "[default: the profile's, once its files are here, where no language model's endpoint is set]",
        ),
    ] = None,
    web: Annotated[
        bool, typer.Option("--web", help="Also serve the platform over HTTP, for this machine alone.")
    ] = False,
    web_port: Annotated[
        int | None,
        typer.Option(help="The port for that; implies --web.  [default: 7860]", min=0, max=65535),
    ] = None,
    web_metrics_port: Annotated[
        int | None, typer.Option(help="The port for its metrics.  [default: 9466]", min=0, max=65535)
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Download without asking.")] = False,
) -> None:
    """Start a controller and a model host here; Ctrl-C stops them.

    Everything else is set by ORCHESTRION_… variables and orchestrion.toml, as for the servers alone.
    """
    with exits.handled():
        from orchestrion._processes import platform
        from orchestrion.errors import OrchestrionError

        shared = [] if home is None else ["--home", str(home)]
        controller_flags = [*_flag("--port", port), *_flag("--metrics-port", metrics_port), *shared]
        controller_flags += [] if llm_expert is None else ["--llm-expert", llm_expert]
        host_flags = [*_flag("--port", host_port), *_flag("--metrics-port", host_metrics_port), *shared]
        host_flags += [] if profile is None else ["--profile", profile]
        host_flags += [] if not expert else ["--experts", ",".join(expert)]
        web_flags = [*_flag("--port", web_port), *_flag("--metrics-port", web_metrics_port)]
        gateway_flags = web_flags if web or web_port is not None else None
        exits.tell("Starting a controller and a model host …")
        try:
            with platform.start(controller_flags, host_flags, gateway_flags, host_name=host_name, log=_log) as running:
                _tell_how(running)
                if running.language_model and llm_expert is None:
                    exits.tell(
                        f"{running.language_model} plans and answers once its files are here, "
                        "where no other language model is set."
                    )
                if profile is not None:
                    _fetch(running, profile, yes=yes)
                raise running.wait()
        except OrchestrionError as error:
            raise _in_own_flags(error) from error
        except KeyboardInterrupt:
            exits.tell("Stopped.")


def _in_own_flags(error: OrchestrionError) -> OrchestrionError:
    """Names the flags and variables of this command where a server that did not start names its own."""
    for own, flag in _FLAGS.get(error.metadata.get("server", ""), ()):
        error.message = re.sub(f"{own}(?![\\w-])", flag, error.message)
    return error


def _tell_how(running: Platform) -> None:
    from orchestrion._net.endpoint import DEFAULT_ADDRESS

    controller, host = running.controller, running.host
    # A shell takes the brackets of an IPv6 address for a pattern.
    address = shlex.quote(controller.grpc_address)
    elsewhere = "" if controller.grpc_address == DEFAULT_ADDRESS else f" --address {address}"
    print(f"controller  {controller.grpc_address}  metrics {_url(controller.metrics_address, '/metrics')}")
    print(f"host        {host.grpc_address}  metrics {_url(host.metrics_address, '/metrics')}")
    if running.gateway is not None:
        web = running.gateway
        print(f"web         {_url(web.http_address)}  metrics {_url(web.metrics_address, '/metrics')}")
    print(f'Ask from another terminal:  orchestrion ask{elsewhere} "Read this aloud." -f picture.jpg', flush=True)
    exits.tell("Ctrl-C stops all." if running.gateway is not None else "Ctrl-C stops both.")


def _url(address: str, path: str = "") -> str:
    """Returns the URL of a server, or of a page there; the address of a unix socket, which no URL names, as it is."""
    return address if address.startswith("unix:") else f"http://{address}{path}"


def _fetch(running: Platform, profile: str, *, yes: bool) -> None:
    """Downloads what is missing of a profile; the servers work on meanwhile, and whatever fails."""
    from orchestrion._sync.host_client import HostClient
    from orchestrion.cli.models import downloads
    from orchestrion.cli.models.sizes import total_of
    from orchestrion.cli.printer import printable
    from orchestrion.errors import OrchestrionError

    with HostClient(running.host.grpc_address) as host:
        try:
            wanted = downloads.missing(host.models.list(), (), profile)
            if not wanted:
                return
            if not yes and not sys.stdin.isatty():
                count = "1 expert" if len(wanted) == 1 else f"{len(wanted)} experts"
                where = f" --host {shlex.quote(running.host.grpc_address)}"
                exits.tell(
                    f"Files of {count} are to be downloaded ({total_of(wanted)}): "
                    f"orchestrion models pull --profile {profile}{where}"
                )
            elif downloads.agreed_to(wanted, yes=yes):
                downloads.fetch(host, [listed.expert.id for listed in wanted])
                exits.tell(f"Everything of the profile {profile} is there. Ctrl-C stops both servers.")
        except OrchestrionError as error:
            exits.tell(f"Not everything of the profile {profile} could be fetched: {printable(error.message)}")


def _log(server: str, line: str) -> None:
    exits.tell(f"{server:<10} | {line}")


def _flag(name: str, value: int | None) -> list[str]:
    return [] if value is None else [name, str(value)]
