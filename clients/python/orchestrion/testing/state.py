"""What the fake controller knows: runs and their logs, artifacts, hosts; shared by the threads of its server."""

from __future__ import annotations

import secrets
import threading
from datetime import UTC, datetime

from orchestrion import names
from orchestrion.errors import OrchestrionError, Reason
from orchestrion.experts import Host
from orchestrion.runs import Artifact
from orchestrion.testing.expectations import Expectation, Received, unexpected
from orchestrion.testing.fake_run import FakeRun


class State:
    """Everything the fake controller knows; threads hold `changed` while they look or write."""

    def __init__(self) -> None:
        """Starts with nothing."""
        self.changed = threading.Condition(threading.RLock())
        self.closing = False
        self.expectations: list[Expectation] = []
        self.faults: list[tuple[str, OrchestrionError, int]] = []
        """What the next calls of a method fail with, and after how many messages."""
        self.complaints: list[str] = []
        """What was not expected."""
        self.runs: dict[str, FakeRun] = {}
        self.artifacts: dict[str, tuple[Artifact, bytes]] = {}
        self.hosts: dict[str, Host] = {}
        self._by_request: dict[str, FakeRun] = {}

    def start(self, received: Received) -> FakeRun:
        """Starts the run that is expected, or finds the one that a call with the same request id started.

        Raises:
            OrchestrionError: Nothing expects it, or it is to be refused.
        """
        with self.changed:
            if received.request_id in self._by_request:
                return self._by_request[received.request_id]
            expectation = next((item for item in self.expectations if item.fits(received)), None)
            if expectation is None:
                error = unexpected(received, self.expectations)
                self.complaints.append(error.message)
                raise error
            expectation.received.append(received)
            if expectation.refusal is not None:
                raise expectation.refusal
            run = FakeRun(received, expectation, self.changed)
            self.runs[run.name] = run
            if received.request_id:
                self._by_request[received.request_id] = run
            return run

    def run(self, name: str) -> FakeRun:
        """Finds a run.

        Raises:
            NotFoundError: There is none of that name.
        """
        with self.changed:
            if name not in self.runs:
                raise Reason.RUN_NOT_FOUND.error(f"There is no {name}.", name=name)
            return self.runs[name]

    def artifact(self, name: str) -> tuple[Artifact, bytes]:
        """Finds an artifact and its content.

        Raises:
            NotFoundError: There is none of that name.
        """
        with self.changed:
            if name not in self.artifacts:
                raise Reason.ARTIFACT_NOT_FOUND.error(f"There is no {name}.", name=name)
            return self.artifacts[name]

    def add(self, content: bytes, file_name: str, media_type: str) -> Artifact:
        """Stores an artifact; content under another file name or as another media type is one of its own."""
        first = names.of_content(content)
        with self.changed:
            for artifact, _ in self.artifacts.values():
                shares_content = names.sha256_of(artifact.name) == names.sha256_of(first)
                if shares_content and (artifact.file_name, artifact.media_type) == (file_name, media_type):
                    return artifact
            taken = first in self.artifacts
            name = names.artifact(names.sha256_of(first), secrets.token_hex(6) if taken else "")
            artifact = Artifact(name, media_type, file_name, len(content), datetime.now(UTC))
            self.artifacts[name] = artifact, content
        return artifact

    def fault(self, method: str) -> tuple[OrchestrionError, int] | None:
        """Takes the next fault that a call of this method is to have, and after how many messages."""
        with self.changed:
            for place, (name, error, after) in enumerate(self.faults):
                if name == method:
                    del self.faults[place]
                    return error, after
            return None

    def problems(self) -> list[str]:
        """Says what was not expected, and what was and did not come."""
        with self.changed:
            unmet = [
                f"Expected {expectation.missing} more of: {expectation}."
                for expectation in self.expectations
                if expectation.missing
            ]
            faults = [
                f"Expected a call of {method}, to fail it with {error.reason}." for method, error, _ in self.faults
            ]
            return [*self.complaints, *unmet, *faults]
