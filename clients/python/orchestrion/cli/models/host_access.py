"""Which host a command about models speaks to, and what a shell offers for its arguments."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, TypeVar

import typer

from orchestrion.cli.completion import TIMEOUT_S, Offers, ask, matching

if TYPE_CHECKING:
    from orchestrion._sync.host_client import HostClient

T = TypeVar("T")


def _hosts(ctx: typer.Context, incomplete: str) -> Offers:
    listed = ask(ctx, lambda client: client.hosts.list())
    return matching(((host.name.removeprefix("hosts/"), host.address) for host in listed), incomplete)


def experts(ctx: typer.Context, incomplete: str) -> Offers:
    """Offers the models of the host's catalogue; none where no host answers."""
    models = _ask(ctx, lambda host: host.models.list().models)
    return matching(((item.expert.id, item.expert.description) for item in models or ()), incomplete)


def profile_names(ctx: typer.Context, incomplete: str) -> Offers:
    """Offers the profiles of the host's catalogue; none where no host answers."""
    profiles = _ask(ctx, lambda host: host.models.list().profiles)
    return matching(((item.name, item.description) for item in profiles or ()), incomplete)


Host: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--host",
        metavar="HOST",
        help="The host, by its name, or HOST:PORT to reach it without a controller.  [default: the only one]",
        autocompletion=_hosts,
    ),
]


def profile(meaning: str) -> Any:
    """Makes the option for the name of a profile, which a shell completes."""
    return typer.Option("--profile", metavar="NAME", help=meaning, autocompletion=profile_names)


Yes: TypeAlias = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Expert: TypeAlias = Annotated[
    str, typer.Argument(metavar="ID", help="The id, as `orchestrion models list` shows it.", autocompletion=experts)
]


@contextlib.contextmanager
def reach(address: str | None, host: str | None) -> Generator[HostClient, None, None]:
    """Gives a client of a host that is found by its name through a controller, or reached by its own address.

    Raises:
        OrchestrionError: The host is not found, or nothing answers.
    """
    if host is not None and ":" in host:
        from orchestrion._sync.host_client import HostClient

        with HostClient(host) as client:
            yield client
        return
    from orchestrion._sync.client import Client

    with Client(address) as controller:
        client = controller.hosts.connect(host)
    with client:
        yield client


def _ask(ctx: typer.Context, question: Callable[[HostClient], T]) -> T | None:
    from orchestrion._sync.client import Client
    from orchestrion._sync.host_client import HostClient
    from orchestrion.errors import OrchestrionError

    address, host = ctx.params.get("address"), ctx.params.get("host")
    with contextlib.suppress(OrchestrionError, OSError):
        if host is None or ":" not in host:
            with Client(address, timeout=TIMEOUT_S) as controller, controller.hosts.connect(host) as client:
                return question(client)
        with HostClient(host, timeout=TIMEOUT_S) as client:
            return question(client)
    return None
