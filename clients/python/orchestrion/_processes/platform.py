"""A whole platform on this machine: a controller and a model host as child processes."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncGenerator, Generator, Sequence
from dataclasses import dataclass
from typing import Final

from orchestrion import names
from orchestrion._async.client import AsyncClient
from orchestrion._processes.supervision import Child, Log, Supervisor
from orchestrion._sync.client import Client
from orchestrion.errors import OrchestrionError, Reason
from orchestrion.experts import Host, HostState

REGISTRATION_TIMEOUT_S: Final = 30.0
"""How long a host that serves may take until the controller lists it."""

# One module of each extra that no other package brings along; the servers themselves are in every installation.
_CONTROLLER_NEEDS: Final = ("grpc_health", "grpc_reflection", "httpx2", "prometheus_client", "sqlalchemy")
_NEEDED: Final = (*_CONTROLLER_NEEDS, "psutil", "torch")
_GATEWAY_NEEDS: Final = ("fastapi", "fastapi_offline", "mcp", "prometheus_client", "python_multipart", "uvicorn")


@dataclass(frozen=True, slots=True)
class Platform:
    """The servers of a platform that runs."""

    controller: Child
    host: Child
    _supervisor: Supervisor
    language_model: str = ""
    """The expert of the host's profile that plans and answers where nothing else is set to; empty for none."""
    gateway: Child | None = None
    """The gateway; None where none was to be started."""

    def wait(self) -> OrchestrionError:
        """Waits until one of the servers ends by itself, and says which and why."""
        return self._supervisor.wait()


def check_installed(modules: Sequence[str] | None = None, extra: str = "all") -> None:
    """Makes sure that the servers' packages are there.

    Args:
        modules: What has to be there; None for what both servers need.
        extra: What brings it.

    Raises:
        UnavailableError: They are not; the message says what to install.
    """
    missing = [
        module for module in (_NEEDED if modules is None else modules) if importlib.util.find_spec(module) is None
    ]
    if missing:
        raise Reason.SERVER_UNREACHABLE.error(
            f"The servers' packages are not installed here; install them with: pip install 'orchestrion[{extra}]'. "
            f"(Missing: {', '.join(missing)}.)",
            missing=", ".join(missing),
        )


@contextlib.contextmanager
def start(
    controller_flags: Sequence[str] = (),
    host_flags: Sequence[str] = (),
    gateway_flags: Sequence[str] | None = None,
    *,
    host_name: str,
    log: Log,
) -> Generator[Platform, None, None]:
    """Starts a controller and a host, a gateway where it is wanted, and stops all on leaving.

    Where no language model is configured, the controller asks that of the host's profile, once the host can run it.

    Args:
        controller_flags: Flags of `python -m orchestrion_controller`.
        host_flags: Flags of `python -m orchestrion_host`, without its name and its controller.
        gateway_flags: Flags of `python -m orchestrion_gateway`, without its controller; None starts no gateway.
        host_name: The name of the host.
        log: Takes the lines of their logs, from several threads.

    Raises:
        UnavailableError: The servers' packages are not installed, or one of the servers did not start; its last words
            are in the message.
    """
    check_installed()
    if gateway_flags is not None:
        check_installed(_GATEWAY_NEEDS, "gateway")
    by_default = _language_model_of_profile(host_flags)
    with Supervisor(log) as supervisor:
        common = ["--exit-with-parent", *(["--llm-default-expert", by_default] if by_default else [])]
        controller = supervisor.start("controller", ["-m", "orchestrion_controller", *common, *controller_flags])
        own = ["--exit-with-parent", "--controller", controller.grpc_address, "--name", host_name]
        host = supervisor.start("host", ["-m", "orchestrion_host", *own, *host_flags])
        _wait_listed(supervisor, controller.grpc_address, names.host(host_name))
        gateway = None
        if gateway_flags is not None:
            own = ["--exit-with-parent", "--controller", controller.grpc_address]
            gateway = supervisor.start("gateway", ["-m", "orchestrion_gateway", *own, *gateway_flags])
        yield Platform(controller, host, supervisor, by_default, gateway)


@contextlib.contextmanager
def embedded(
    *, experts: Sequence[str] = (), llm_expert: str = "", log: Log | None = None
) -> Generator[Client, None, None]:
    """Starts a private controller and model host, and gives a client of theirs.

    They take free ports of this machine and keep their state in a temporary folder: artifacts that are not downloaded
    are lost on leaving.

    Args:
        experts: Experts written in Python that the host also offers, such as `path/to/file.py:MyExpert`.
        llm_expert: The id of the host's conversational expert that plans and answers; empty for what is configured.
        log: Takes the name of a server and a line of its log, from several threads; None drops them.

    Raises:
        UnavailableError: The servers' packages are not installed, or one of the servers did not start; its last words
            are in the message.
    """
    with tempfile.TemporaryDirectory(prefix="orchestrion-", ignore_cleanup_errors=True) as home:
        flags = ["--port", "0", "--metrics-port", "0", "--home"]
        # Nobody goes on with its runs: the journal goes with the folder.
        controller_flags = [*flags, f"{home}/controller", "--max-resumes", "0", "--shutdown-grace-s", "0"]
        host_flags = [*flags, f"{home}/host"]
        host_flags += ["--experts", ",".join(experts)] if experts else []
        controller_flags += ["--llm-expert", llm_expert] if llm_expert else []
        with (
            start(controller_flags, host_flags, host_name="embedded", log=log or (lambda name, line: None)) as platform,
            Client(platform.controller.grpc_address) as client,
        ):
            yield client


@contextlib.contextmanager
def embedded_controller(*, log: Log | None = None) -> Generator[str, None, None]:
    """Starts a private controller without a model host, and gives its address: enough to plan, not to execute.

    It takes free ports of this machine and keeps its state in a temporary folder.

    Args:
        log: As that of `embedded`.

    Raises:
        UnavailableError: The controller's packages are not installed, or it did not start.
    """
    check_installed(_CONTROLLER_NEEDS, "controller")
    with (
        tempfile.TemporaryDirectory(prefix="orchestrion-", ignore_cleanup_errors=True) as home,
        Supervisor(log or (lambda name, line: None)) as supervisor,
    ):
        flags = ["--port", "0", "--metrics-port", "0", "--home", home, "--exit-with-parent"]
        yield supervisor.start("controller", ["-m", "orchestrion_controller", *flags]).grpc_address


@contextlib.asynccontextmanager
async def async_embedded(
    *, experts: Sequence[str] = (), llm_expert: str = "", log: Log | None = None
) -> AsyncGenerator[AsyncClient, None]:
    """Does what `embedded` does, for asyncio: a thread starts and stops the servers, and the loop goes on meanwhile.

    A task that is cancelled while they start ends when they have started and stopped again.

    Args:
        experts: As that of `embedded`.
        llm_expert: As that of `embedded`.
        log: As that of `embedded`.

    Raises:
        UnavailableError: As `embedded` raises it.
    """
    loop = asyncio.get_running_loop()
    address: asyncio.Future[str] = loop.create_future()
    leave = threading.Event()

    def live() -> None:
        with embedded(experts=experts, llm_expert=llm_expert, log=log) as client:
            loop.call_soon_threadsafe(address.set_result, client.address)
            leave.wait()

    life = asyncio.create_task(asyncio.to_thread(live))
    try:
        waiting: tuple[asyncio.Future[None] | asyncio.Future[str], ...] = (life, address)
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if life.done():
            life.result()
        async with AsyncClient(address.result()) as client:
            yield client
    finally:
        leave.set()
        await asyncio.shield(life)


def _language_model_of_profile(host_flags: Sequence[str]) -> str:
    """Returns the expert of the host's profile that plans and answers; empty for none.

    The host's package knows: which profile it is may be said by a flag, a variable or a file.
    """
    command = [sys.executable, "-m", "orchestrion_host.profile_language_model", *host_flags]
    answer = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    # Settings that are wrong are the host's to tell, which starts next.
    return answer.stdout.strip() if answer.returncode == 0 else ""


def _wait_listed(supervisor: Supervisor, controller: str, host: str) -> None:
    # A server that ended will not come back: its last words are wanted now.
    with Client(controller, reconnect=0) as client:
        try:
            with contextlib.closing(client.hosts.watch(timeout=REGISTRATION_TIMEOUT_S)) as changes:
                for change in changes:
                    if isinstance(change, Host) and change.name == host and change.state is HostState.READY:
                        return
        except OrchestrionError as error:
            raise supervisor.ended() or error from error
