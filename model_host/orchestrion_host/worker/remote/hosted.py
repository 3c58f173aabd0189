"""Models behind a hosted inference endpoint, task type by task type, through `huggingface_hub.InferenceClient`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from huggingface_hub import InferenceClient

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.remote import errors, hosted_media, hosted_texts
from orchestrion_host.worker.remote.endpoint import HostedEndpoint
from orchestrion_host.worker.runtimes import Outputs, Result, one_by_one

_DEFAULT_TIMEOUT_S: Final = 120.0
_TASKS: Final = {**hosted_texts.TASKS, **hosted_media.TASKS}

TASK_TYPES: Final = frozenset(_TASKS)
"""The task types that the endpoint is asked for."""


class HostedModels:
    """A client of the endpoint; it names the model of each task type, or leaves the choice to the endpoint."""

    def __init__(self, spec: ipc.Load) -> None:
        """Reads the options `provider`, `models` (task type to Hub id or URL of a dedicated endpoint) and `timeout_s`.

        The token is that of the environment (`HF_TOKEN`) or of a login of huggingface_hub.
        """
        options = spec.options
        self._spec = spec
        self._models: Mapping[str, str] = options.get("models", {})
        self._provider = options.get("provider")
        self._timeout_s = float(options.get("timeout_s", _DEFAULT_TIMEOUT_S))

    def warm_up(self) -> None:
        """Asks nothing: an endpoint may cost money."""

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Asks for each call; those of a fan-out go side by side, as instances."""
        return one_by_one(batch, self._ask)

    def parameter_bytes(self) -> int:
        """Returns 0: the weights are elsewhere."""
        return 0

    def unload(self) -> None:
        """Has nothing to let go of: each call has a client of its own."""

    def _ask(self, call: Call) -> Outputs:
        # A client of its own, since one keeps the connections of its streams until it is closed.
        client = InferenceClient(provider=self._provider, timeout=self._timeout_s)
        with errors.converted(self._spec.expert_id), client:
            return _TASKS[call.task_type](HostedEndpoint(client, self._spec, self._models.get(call.task_type)), call)
