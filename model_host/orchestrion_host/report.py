"""The host as its reports describe it: facts that seldom change, and everything else as it is now."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping
from importlib import metadata
from types import MappingProxyType
from typing import Final

from orchestrion import names
from orchestrion._codec import codec
from orchestrion.experts import AbsentExpert, Host, HostFacts, HostState
from orchestrion.plans import TaskType
from orchestrion.v1 import experts_pb2
from orchestrion.v1 import registry_service_pb2 as messages
from orchestrion_host.experts.expert import HostedExpert
from orchestrion_host.memory.devices import Devices
from orchestrion_host.workers.pool import WorkerPool

_NO_TASK_TYPES: Final[Mapping[str, TaskType]] = MappingProxyType({})


class HostDescription:
    """Writes reports from the state of the host."""

    def __init__(
        self,
        name: str,
        max_concurrent_calls: int,
        experts: Mapping[str, HostedExpert],
        devices: Devices,
        workers: WorkerPool,
        *,
        profile: str = "",
        fetches_on_demand: bool = False,
        task_types: Mapping[str, TaskType] = _NO_TASK_TYPES,
        absent_experts: Callable[[], tuple[AbsentExpert, ...]] = tuple,
    ) -> None:
        """Keeps what is described.

        Args:
            name: The host's name, without `hosts/`.
            max_concurrent_calls: How many calls it wants at once.
            experts: Its experts by id.
            devices: Its devices.
            workers: Its workers.
            profile: The name of the profile whose experts it offers.
            fetches_on_demand: Whether it fetches the files of an expert when a task needs it.
            task_types: The task types that experts of third parties bring, by name.
            absent_experts: Returns those of its catalogue that cannot be given work now, and what brings them.
        """
        self._name = names.host(name)
        self._max_concurrent_calls = max_concurrent_calls
        self._experts = experts
        self._devices = devices
        self._workers = workers
        self._profile = profile
        self._fetches_on_demand = fetches_on_demand
        self._task_types = task_types
        self._absent_experts = absent_experts
        self._encoded_absent: tuple[tuple[AbsentExpert, ...], list[experts_pb2.AbsentExpert]] = ((), [])
        self._instance_id = secrets.token_hex(8)
        self._version = metadata.version("orchestrion")
        self.address = ""
        """The address at which the controller reaches it; known once it listens."""
        self.metrics_address = ""
        """The address at which Prometheus reads its metrics; known once it listens."""
        self.draining = False
        """Whether it is shutting down."""

    def report(self, digest_known: str) -> messages.HostReport:
        """Writes a full report.

        Args:
            digest_known: The digest of the facts that the controller has; they are left out when it is still theirs.
        """
        facts = codec.encode(self._facts())
        facts.absent_experts.extend(self._encoded_absent_experts())
        digest = hashlib.sha256(facts.SerializeToString(deterministic=True)).hexdigest()
        return messages.HostReport(
            name=self._name,
            instance_id=self._instance_id,
            facts_digest=digest,
            facts=None if digest == digest_known else facts,
            devices=[codec.encode(device) for device in self._devices.describe()],
            statuses=[codec.encode(expert.status()) for expert in self._experts.values()],
            draining=self.draining,
            worker_restart_count=self._workers.restart_count,
        )

    def host(self) -> Host:
        """Describes the host as the registry would."""
        facts = self._facts()
        return Host(
            name=self._name,
            address=facts.address,
            state=HostState.DRAINING if self.draining else HostState.READY,
            devices=self._devices.describe(),
            experts=facts.experts,
            statuses=tuple(expert.status() for expert in self._experts.values()),
            version=facts.version,
            max_concurrent_calls=facts.max_concurrent_calls,
            worker_restart_count=self._workers.restart_count,
            profile=facts.profile,
            fetches_on_demand=facts.fetches_on_demand,
            task_types=facts.task_types,
            metrics_address=facts.metrics_address,
        )

    def _facts(self) -> HostFacts:
        experts = tuple(expert.describe() for expert in self._experts.values())
        performed = {name for expert in experts for name in expert.task_types} if self._task_types else set()
        return HostFacts(
            self.address,
            self._version,
            self._max_concurrent_calls,
            experts,
            profile=self._profile,
            fetches_on_demand=self._fetches_on_demand,
            task_types=tuple(item for name, item in self._task_types.items() if name in performed),
            metrics_address=self.metrics_address,
        )

    def _encoded_absent_experts(self) -> list[experts_pb2.AbsentExpert]:
        # There are many of them, and they seldom change: reports are frequent.
        absent = self._absent_experts()
        if absent is not self._encoded_absent[0]:
            self._encoded_absent = absent, [codec.encode(expert) for expert in absent]
        return self._encoded_absent[1]
