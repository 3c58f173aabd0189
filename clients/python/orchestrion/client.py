"""The client of a controller, for programs without an event loop."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path
from typing import Self, Unpack

from orchestrion import calls, stage_calls, transfers
from orchestrion.answers import Answer, AnswerGatherer
from orchestrion.calls import Call, HostRemoved, Page
from orchestrion.connection import Endpoint
from orchestrion.events import Event
from orchestrion.experts import Host, ListedExpert
from orchestrion.plans import Plan, TaskResult
from orchestrion.runs import Artifact, Run
from orchestrion.stage_calls import (
    ExecuteSettings,
    PlanSettings,
    Request,
    RespondSettings,
    RunSettings,
    SelectSettings,
    conversation,
)
from orchestrion.transfers import Attachment
from orchestrion.values import ArtifactRef
from orchestrion.wire import Wire


class Client:
    """Talks to a controller.

    Threads may share one. It connects at the first call, and again when the connection was lost. Every failure of a
    call is an `OrchestrionError`; a local file that cannot be read or written is an `OSError`, as everywhere in Python.

    Calls that start or watch a run return an iterator of events. It starts when the first event is asked for; closing
    it early, by leaving the loop or with `close()`, ends the call: the run is then cancelled after its grace, unless
    `on_detach` says otherwise. When a run fails, its iterator raises the reason after the last event.
    """

    def __init__(self, address: str | None = None, *, timeout: float = 30.0) -> None:
        """Makes the client; nothing is sent yet.

        Args:
            address: The controller, `host:port`; None for `ORCHESTRION_CONTROLLER`, or else 127.0.0.1:50051.
            timeout: How long a call may take that neither streams nor cancels, in seconds.

        Raises:
            InvalidArgumentError: The address is none.
        """
        self._endpoint = Endpoint.resolve(address)
        self._wire = Wire(self._endpoint, timeout)

    @property
    def address(self) -> str:
        """Returns the address of the controller."""
        return self._endpoint.address

    def close(self) -> None:
        """Closes the connection and ends the calls that go on."""
        self._wire.close()

    def __enter__(self) -> Self:
        """Returns the client; leaving closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(
        self,
        request: Request,
        files: Iterable[Attachment] = (),
        *,
        timeout: float | None = None,
        **settings: Unpack[RunSettings],
    ) -> Answer:
        """Carries a request out and returns its answer.

        Args:
            request: What is asked.
            files: Pictures, sounds, videos and documents; what is not an artifact yet is uploaded.
            timeout: The deadline of the run, in seconds; None for none.
            settings: See `RunSettings`.

        Raises:
            OrchestrionError: The run failed. Tasks that failed while the run succeeded are in the answer's results.
        """
        gatherer = AnswerGatherer()
        for event in self.run(request, files, timeout=timeout, **settings):
            gatherer.add(event)
        return gatherer.answer()

    def run(
        self,
        request: Request,
        files: Iterable[Attachment] = (),
        *,
        timeout: float | None = None,
        **settings: Unpack[RunSettings],
    ) -> Generator[Event, None, None]:
        """Carries a request out and yields what happens; arguments and errors as those of `ask`."""
        return self._start(files, lambda names: stage_calls.run(conversation(request, names), **settings), timeout)

    def plan(
        self,
        request: Request,
        files: Iterable[Attachment] = (),
        *,
        timeout: float | None = None,
        **settings: Unpack[PlanSettings],
    ) -> Generator[Event, None, None]:
        """Plans a request, without carrying it out; a `PlanFinished` brings the plan.

        Raises:
            OrchestrionError: There is no plan, and why.
        """
        return self._start(files, lambda names: stage_calls.plan(conversation(request, names), **settings), timeout)

    def select(
        self, plan: Plan, *, timeout: float | None = None, **settings: Unpack[SelectSettings]
    ) -> Generator[Event, None, None]:
        """Chooses an expert for every task of a plan; each `TaskAssigned` brings one.

        Raises:
            InvalidArgumentError: The plan breaks a rule.
            FailedPreconditionError: A task has no expert.
        """
        return self._wire.stream(stage_calls.select(plan, **settings), timeout)

    def execute(
        self,
        plan: Plan,
        files: Iterable[Attachment] = (),
        *,
        timeout: float | None = None,
        **settings: Unpack[ExecuteSettings],
    ) -> Generator[Event, None, None]:
        """Runs a plan, whose `attachments/{n}` mean the files in their order; each `TaskFinished` brings a result.

        Raises:
            InvalidArgumentError: The plan breaks a rule.
        """
        return self._start(files, lambda names: stage_calls.execute(plan, names, **settings), timeout)

    def respond(
        self,
        request: Request,
        plan: Plan,
        results: Sequence[TaskResult],
        files: Iterable[Attachment] = (),
        *,
        timeout: float | None = None,
        **settings: Unpack[RespondSettings],
    ) -> Generator[Event, None, None]:
        """Answers a request from the results of a plan; an `AnswerFinished` brings the answer.

        Raises:
            InvalidArgumentError: The results are not those of the plan.
        """
        return self._start(
            files,
            lambda names: stage_calls.respond(conversation(request, names), plan, results, **settings),
            timeout,
        )

    def watch(self, run: str, after_sequence: int = 0, *, timeout: float | None = None) -> Generator[Event, None, None]:
        """Yields the events of a run from its log, then as they happen, to its end.

        Args:
            run: The name of the run.
            after_sequence: The number of the last event already seen.
            timeout: How long to watch, in seconds; ends the watch, not the run.

        Raises:
            NotFoundError: There is no such run.
            OutOfRangeError: The log does not go that far.
        """
        return self._wire.stream(calls.watch_run(run, after_sequence), timeout)

    def get_run(self, run: str) -> Run:
        """Gets a run as its log tells it so far.

        Raises:
            NotFoundError: There is no such run.
        """
        return self._wire.unary(calls.get_run(run))

    def list_runs(self, page_size: int = 100, page_token: str = "") -> Page[Run]:
        """Lists runs, newest first, without plans, assignments and results."""
        return self._wire.unary(calls.list_runs(page_size, page_token))

    def cancel_run(self, run: str) -> Run:
        """Cancels a run and waits until it has ended; one that has ended stays as it is.

        Raises:
            NotFoundError: There is no such run.
        """
        return self._wire.unary(calls.cancel_run(run))

    def delete_run(self, run: str) -> None:
        """Deletes a run that has ended, with its log; artifacts stay.

        Raises:
            NotFoundError: There is no such run.
            FailedPreconditionError: It has not ended.
        """
        self._wire.unary(calls.delete_run(run))

    def upload(
        self, source: str | os.PathLike[str] | bytes, *, media_type: str | None = None, file_name: str | None = None
    ) -> Artifact:
        """Stores a file, or content, of any size.

        Args:
            source: The path, or the content.
            media_type: The media type; None lets the controller find out.
            file_name: The file name; None for the path's own.

        Raises:
            InvalidArgumentError: It is empty.
            ResourceExhaustedError: It is too large, or the controller's disk is full.
            OSError: The file cannot be read.
        """
        with transfers.Upload(source) as upload:
            call = calls.upload(
                media_type or "", upload.file_name if file_name is None else file_name, upload.size_bytes
            )
            return upload.check(self._wire.send(call, upload.chunks()))

    def download(self, artifact: str | Artifact | ArtifactRef, to: str | os.PathLike[str]) -> Path:
        """Saves an artifact, checked against its hash, and returns where.

        Args:
            artifact: The artifact, or its name.
            to: A folder that exists, or ends in `/` and is made: the artifact's own file name is used, numbered if it
                is taken. Or a path, which is replaced if it is there.

        Raises:
            NotFoundError: There is no such artifact.
            OSError: The file cannot be written.
        """
        name = transfers.artifact_name(artifact)
        with transfers.Download(name, to) as download:
            for message in self._wire.stream(calls.download(name), None):
                download.take(message)
        return download.path

    def read(self, artifact: str | Artifact | ArtifactRef) -> bytes:
        """Returns the content of an artifact.

        Raises:
            NotFoundError: There is no such artifact.
        """
        collected = transfers.Collected(transfers.artifact_name(artifact))
        for message in self._wire.stream(calls.download(collected.name), None):
            collected.take(message)
        return collected.content()

    def get_artifact(self, artifact: str) -> Artifact:
        """Gets the description of an artifact.

        Raises:
            NotFoundError: There is no such artifact.
        """
        return self._wire.unary(calls.get_artifact(artifact))

    def list_artifacts(self, page_size: int = 100, page_token: str = "") -> Page[Artifact]:
        """Lists artifacts, newest first."""
        return self._wire.unary(calls.list_artifacts(page_size, page_token))

    def delete_artifact(self, artifact: str | Artifact | ArtifactRef) -> None:
        """Deletes an artifact.

        Raises:
            NotFoundError: There is no such artifact.
        """
        self._wire.unary(calls.delete_artifact(transfers.artifact_name(artifact)))

    def hosts(self) -> tuple[Host, ...]:
        """Lists the model hosts, by name."""
        return self._wire.unary(calls.list_hosts())

    def experts(self, task_type: str | None = None) -> tuple[ListedExpert, ...]:
        """Lists the experts, by id; those that perform one task type where it is given."""
        return self._wire.unary(calls.list_experts(task_type or ""))

    def watch_hosts(self, *, timeout: float | None = None) -> Generator[Host | HostRemoved, None, None]:
        """Yields every host that is known, then each as it changes; ends only by `timeout` or `close()`.

        Raises:
            DeadlineExceededError: The timeout, in seconds, is over.
        """
        return self._wire.stream(calls.watch_hosts(), timeout)

    def _start(
        self, files: Iterable[Attachment], make: Callable[[Sequence[str]], Call[Event]], timeout: float | None
    ) -> Generator[Event, None, None]:
        """Uploads what must be, then makes the call from the artifacts' names and yields its events."""
        found = [transfers.resolve(file) for file in files]
        names = [file.name if isinstance(file, ArtifactRef) else self.upload(file).name for file in found]
        yield from self._wire.stream(make(names), timeout)
