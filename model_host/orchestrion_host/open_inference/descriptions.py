"""What the protocol says of a server and its models, as the JSON of its messages, which gRPC makes messages of."""

from __future__ import annotations

import logging
from importlib import metadata
from typing import Final

from orchestrion.values import JsonData
from orchestrion_host.experts.statistics import CallStatistics, Tally
from orchestrion_host.open_inference.models import VERSION, ServedModel
from orchestrion_host.tensor_signatures import TensorSpec
from orchestrion_serving import tracing

_EXTENSIONS: Final = (
    "binary_tensor_data",
    "logging",
    "model_configuration",
    "model_repository",
    "model_repository(unload_dependents)",
    "parameters",
    "schedule_policy",
    "statistics",
    "trace",
)
_TYPES: Final = {"BYTES": "TYPE_STRING"}
_KINDS: Final = {"cpu": "KIND_CPU", "cuda": "KIND_GPU"}


def server(*, shares_memory: bool) -> JsonData:
    """Describes the server."""
    extensions = sorted((*_EXTENSIONS, "system_shared_memory") if shares_memory else _EXTENSIONS)
    return {"name": "orchestrion", "version": metadata.version("orchestrion"), "extensions": extensions}


def model(served: ServedModel) -> JsonData:
    """Describes the tensors of a model.

    Raises:
        FailedPreconditionError: EXPERT_NOT_LOADED: they are not known before it is loaded.
    """
    signature = served.signature()

    def described(spec: TensorSpec) -> JsonData:
        return {"name": spec.name, "datatype": spec.datatype, "shape": list(spec.shape)}

    return {
        "name": served.name,
        "versions": [VERSION],
        "platform": served.platform,
        "inputs": [described(spec) for spec in signature.inputs],
        "outputs": [described(spec) for spec in signature.outputs],
    }


def configuration(served: ServedModel, queue_limit: int) -> JsonData:
    """Describes how a model is run; errors as `model`.

    Args:
        served: The model.
        queue_limit: How many requests may wait for it.
    """
    facts, signature = served.expert.facts, served.signature()
    first = 1 if served.max_batch_size else 0

    def described(spec: TensorSpec) -> dict[str, JsonData]:
        data_type = _TYPES.get(spec.datatype, f"TYPE_{spec.datatype}")
        return {"name": spec.name, "data_type": data_type, "dims": list(spec.shape[first:])}

    device, _, number = (served.expert.device or facts.device_kinds[0]).partition(":")
    about = {
        "description": facts.description,
        "license": facts.license,
        "model": facts.model,
        "revision": facts.revision,
        "task_type": served.task_type,
    }
    return {
        "name": served.name,
        "platform": served.platform,
        "backend": served.backend,
        "version_policy": {"latest": {"num_versions": 1}},
        "max_batch_size": served.max_batch_size,
        "input": [{**described(spec), "optional": spec.optional} for spec in signature.inputs],
        "output": [described(spec) for spec in signature.outputs],
        "dynamic_batching": {
            "max_queue_delay_microseconds": 0,
            "default_queue_policy": {"max_queue_size": queue_limit, "allow_timeout_override": True},
        },
        "instance_group": [
            {
                "name": f"{facts.id}_{device}",
                "kind": _KINDS.get(device, "KIND_MODEL"),
                "count": facts.instances,
                "gpus": [int(number)] if number.isdigit() else [],
            }
        ],
        "parameters": {name: {"string_value": value} for name, value in about.items() if value},
        "model_transaction_policy": {"decoupled": served.decoupled},
        "response_cache": {"enable": facts.deterministic},
    }


def statistics(served: ServedModel) -> JsonData:
    """Tells what a model computed since the host started, by whatever API."""
    own = served.expert.statistics.of(served.task_type)
    device, _, number = served.expert.device.partition(":")
    memory = {
        "type": "GPU" if device == "cuda" else "CPU",
        "id": int(number) if number.isdigit() else 0,
        "byte_size": served.expert.memory_bytes,
    }
    return {
        "name": served.name,
        "version": VERSION,
        "last_inference": own.last_call_ms,
        "inference_count": own.succeeded.count,
        "execution_count": sum(tally.count for tally in own.batches.values()),
        "inference_stats": _calls(own),
        "batch_stats": [
            {"batch_size": size, "compute_infer": _duration(tally)} for size, tally in sorted(own.batches.items())
        ],
        "memory_usage": [memory] if served.expert.memory_bytes else [],
    }


def trace_settings() -> JsonData:
    """Says how requests are traced."""
    return {"trace_level": ["TIMESTAMPS" if tracing.is_on() else "OFF"], "trace_mode": ["opentelemetry"]}


def log_settings() -> JsonData:
    """Says what is logged."""
    level = logging.getLogger().getEffectiveLevel()
    return {
        "log_info": level <= logging.INFO,
        "log_warning": level <= logging.WARNING,
        "log_error": level <= logging.ERROR,
        "log_verbose_level": int(level <= logging.DEBUG),
        "log_format": "default",
    }


def _calls(own: CallStatistics) -> JsonData:
    return {
        "success": _duration(own.succeeded),
        "fail": _duration(own.failed),
        "queue": _duration(own.queue),
        "compute_input": _duration(own.inputs),
        "compute_infer": _duration(own.compute),
        "compute_output": _duration(own.outputs),
        "cache_hit": _duration(own.kept),
        "cache_miss": _duration(own.not_kept),
    }


def _duration(tally: Tally) -> JsonData:
    return {"count": tally.count, "ns": tally.nanoseconds}
