"""The fake controller: its server, and what a test tells it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from concurrent import futures
from typing import Final, Self, Unpack

import grpc

from orchestrion._async.client import AsyncClient
from orchestrion._net import transport
from orchestrion._net.retries import SAFETY
from orchestrion._sync.client import Client
from orchestrion.errors import OrchestrionError
from orchestrion.experts import Host
from orchestrion.runs import Artifact, Run, RunKind
from orchestrion.settings import ClientSettings
from orchestrion.testing import run_services, stores
from orchestrion.testing.expectations import Expectation, Received
from orchestrion.testing.fake_run import ConnectionBroke
from orchestrion.testing.state import State
from orchestrion.v1 import (
    artifact_service_pb2_grpc,
    execute_service_pb2_grpc,
    plan_service_pb2_grpc,
    registry_service_pb2_grpc,
    respond_service_pb2_grpc,
    run_service_pb2_grpc,
    select_service_pb2_grpc,
)

_THREADS: Final = 64
"""How many calls go on at once; one that watches takes a thread."""


class FakeController:
    """A controller that answers as a test says, on a free port of this machine; see `orchestrion.testing`.

    Used as a context manager: leaving checks that everything expected came, and that nothing else did. Both clients
    may use it at once, from any thread.
    """

    def __init__(self, *, hosts: Iterable[Host] = ()) -> None:
        """Makes the fake, which serves when it is entered; `hosts` are what it lists."""
        self._state = State()
        self._server: grpc.Server | None = None
        self._port = 0
        self.set_hosts(*hosts)

    def __enter__(self) -> Self:
        """Starts to serve."""
        server = grpc.server(
            futures.ThreadPoolExecutor(_THREADS, thread_name_prefix="orchestrion-fake"),
            options=transport.server_options(),
        )
        run_service_pb2_grpc.add_RunServiceServicer_to_server(run_services.RunServicer(self._state), server)
        plan_service_pb2_grpc.add_PlanServiceServicer_to_server(run_services.PlanServicer(self._state), server)
        select_service_pb2_grpc.add_SelectServiceServicer_to_server(run_services.SelectServicer(self._state), server)
        execute_service_pb2_grpc.add_ExecuteServiceServicer_to_server(run_services.ExecuteServicer(self._state), server)
        respond_service_pb2_grpc.add_RespondServiceServicer_to_server(run_services.RespondServicer(self._state), server)
        artifact_service_pb2_grpc.add_ArtifactServiceServicer_to_server(stores.ArtifactServicer(self._state), server)
        registry_service_pb2_grpc.add_RegistryServiceServicer_to_server(stores.RegistryServicer(self._state), server)
        self._port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self._server = server
        return self

    def __exit__(self, error_type: type[BaseException] | None, error: BaseException | None, traceback: object) -> None:
        with self._state.changed:
            self._state.closing = True
            self._state.changed.notify_all()
        if self._server is not None:
            self._server.stop(None).wait()
        if error is None:
            self.verify()
        elif problems := self._state.problems():
            # The test's own failure is what to look at; this may be why.
            error.add_note("\n".join(["The fake controller says:", *problems]))

    @property
    def address(self) -> str:
        """Where it serves, `host:port`; once it is entered."""
        return f"127.0.0.1:{self._port}"

    def client(self, **settings: Unpack[ClientSettings]) -> Client:
        """Makes a client of it; settings as those of `Client`."""
        return Client(self.address, **settings)

    def async_client(self, **settings: Unpack[ClientSettings]) -> AsyncClient:
        """Makes a client of it for asyncio; settings as those of `AsyncClient`."""
        return AsyncClient(self.address, **settings)

    def expect(
        self,
        text: str | re.Pattern[str] | None = None,
        *,
        kind: RunKind = RunKind.FULL,
        files: Sequence[bytes] | None = None,
        matching: Callable[[Received], bool] | None = None,
    ) -> Expectation:
        """Expects a request; the first expectation that fits takes it. It succeeds with nothing to say, unless told.

        Args:
            text: What is asked, whole, or a pattern that is found in it; None for anything.
            kind: Which call it is; FULL is `run` and `ask`.
            files: The contents of the files that come with it, in order; None for any.
            matching: Says whether a request fits, besides.
        """
        expectation = Expectation(text, kind, files, matching)
        with self._state.changed:
            self._state.expectations.append(expectation)
        return expectation

    def fail_next(self, method: str, error: OrchestrionError, *, after: int = 0) -> None:
        """Lets the next call of a method fail.

        Args:
            method: The method, such as `Upload`, `GetRun` or `ListHosts`.
            error: What it fails with, such as `Reason.STORAGE_FULL.error("The disk is full.")`.
            after: How many messages of a stream pass before; of a call that does not stream, none do.

        Raises:
            ValueError: There is no such method.
        """
        methods = {path.split("/")[1] for path in SAFETY}
        if method not in methods:
            raise ValueError(f"{method!r} is no method that clients call; there are {', '.join(sorted(methods))}")
        with self._state.changed:
            self._state.faults.append((method, error, after))

    def drop_next(self, method: str, *, after: int = 0) -> None:
        """Breaks the connection of the next call of a method; arguments and errors as those of `fail_next`."""
        self.fail_next(method, ConnectionBroke(), after=after)

    def add(self, content: bytes, *, file_name: str = "", media_type: str = "") -> Artifact:
        """Stores an artifact, to be downloaded or named in an answer."""
        return self._state.add(content, file_name, media_type)

    def content(self, artifact: str | Artifact) -> bytes:
        """Returns the content of an artifact that was uploaded or added.

        Raises:
            NotFoundError: There is none of that name.
        """
        return self._state.artifact(artifact if isinstance(artifact, str) else artifact.name)[1]

    def set_hosts(self, *hosts: Host) -> None:
        """Lists these hosts from now on, and tells who watches."""
        with self._state.changed:
            self._state.hosts = {host.name: host for host in hosts}
            self._state.changed.notify_all()

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs that were started, in order."""
        with self._state.changed:
            return tuple(run.snapshot.as_run() for run in self._state.runs.values())

    def verify(self) -> None:
        """Checks what leaving the `with` block checks.

        Raises:
            AssertionError: Something came that was not expected, or something expected did not come.
        """
        if problems := self._state.problems():
            raise AssertionError("\n".join(problems))
