"""Every reason of an error has a test that really produces it, and a cure in docs/errors.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from docs.pages.cures import CURES
from orchestrion.errors import Reason

TESTS: Final = Path(__file__).parents[1]

PRODUCERS: Final[Mapping[str, str]] = {
    "ABORTED": "rpc/client/test_bare_statuses.py",
    "APPROVAL_TIMED_OUT": "rpc/controller/test_approval.py",
    "ARTIFACT_EMPTY": "rpc/controller/test_artifacts.py",
    "ARTIFACT_NOT_FOUND": "rpc/gateway/test_artifacts.py",
    "ARTIFACT_TOO_LARGE": "rpc/gateway/test_artifacts.py",
    "ATTEMPT_STALLED": "rpc/controller/test_failover.py",
    "CANCELLED": "rpc/gateway/mcp/test_lives.py",
    "CLIENT_LEFT": "rpc/controller/test_runs.py",
    "CONTROLLER_RESTARTED": "faults/test_processes_killed.py",
    "DEADLINE_EXCEEDED": "rpc/controller/test_runs.py",
    "DOWNLOAD_CORRUPT": "rpc/host/models/test_pulls.py",
    "DUPLICATE_TASK_ID": "rpc/controller/test_execution.py",
    "EXPERT_EXISTS": "rpc/host/models/test_catalogue.py",
    "EXPERT_FAILED": "rpc/host/test_remote_chat.py",
    "EXPERT_LOAD_FAILED": "rpc/host/test_memory.py",
    "EXPERT_NOT_FETCHED": "rpc/host/models/test_pulls.py",
    "EXPERT_NOT_FOUND": "rpc/host/test_calls.py",
    "EXPERT_NOT_LOADED": "rpc/host/test_memory.py",
    "EXPERT_RESERVED": "rpc/host/test_memory.py",
    "EXPERT_TOO_LARGE": "rpc/host/test_memory.py",
    "EXPERT_UNAVAILABLE": "rpc/host/test_runtimes.py",
    "EXPORT_FAILED": "rpc/host/test_export.py",
    "FAILED_PRECONDITION": "rpc/client/test_bare_statuses.py",
    "HASH_MISMATCH": "rpc/controller/test_artifacts.py",
    "HOST_DRAINING": "rpc/host/test_calls.py",
    "HOST_NOT_FOUND": "rpc/gateway/test_platform.py",
    "HOST_REPLACED": "rpc/controller/test_registry.py",
    "HOST_UNREACHABLE": "rpc/controller/test_failover.py",
    "HUB_ACCESS_DENIED": "rpc/host/models/test_refusals.py",
    "HUB_RATE_LIMITED": "rpc/host/models/test_catalogue.py",
    "HUB_UNREACHABLE": "rpc/host/models/test_pulls.py",
    "ILL_TYPED_INPUT": "rpc/controller/test_execution.py",
    "INTERNAL": "unit/serving/test_interceptors.py",
    "INVALID_FIELD": "rpc/gateway/test_runs.py",
    "INVALID_INPUT": "rpc/host/test_calls.py",
    "INVALID_MESSAGE": "rpc/controller/test_undecodable.py",
    "LINK_UNREACHABLE": "unit/client/objects/test_fetching.py",
    "LINK_UNUSABLE": "unit/client/objects/test_fetching.py",
    "LLM_BROKE_OFF": "rpc/controller/test_llm_planning.py",
    "LLM_CONTEXT_EXCEEDED": "rpc/controller/test_llm_planning.py",
    "LLM_QUOTA_EXHAUSTED": "rpc/controller/test_llm_planning.py",
    "LLM_RATE_LIMITED": "rpc/controller/test_llm_planning.py",
    "LLM_TIMED_OUT": "rpc/controller/test_llm_planning.py",
    "LLM_UNAVAILABLE": "rpc/controller/test_llm_planning.py",
    "MESSAGE_TOO_LARGE": "rpc/controller/test_request_bounds.py",
    "MISSING_INPUT": "rpc/controller/test_execution.py",
    "MODEL_INCOMPLETE": "unit/host/worker/models/test_missing_weights.py",
    "MODEL_NOT_FOUND": "rpc/host/models/test_catalogue.py",
    "MODEL_NOT_SUPPORTED": "rpc/host/test_export.py",
    "NOT_AWAITING_APPROVAL": "rpc/controller/test_approval.py",
    "NOT_CONFIGURED": "rpc/controller/test_runs.py",
    "NOT_FOUND": "unit/serving/test_interceptors.py",
    "NOT_SERVED_YET": "unit/serving/test_interceptors.py",
    "NO_EXPERT": "rpc/controller/test_execution.py",
    "OFFSET_OUT_OF_RANGE": "rpc/gateway/test_artifacts.py",
    "OUT_OF_MEMORY": "rpc/host/test_memory.py",
    "OUT_OF_RANGE": "rpc/client/test_bare_statuses.py",
    "PERMISSION_DENIED": "rpc/gateway/test_boundary.py",
    "PLANNER_REFUSED": "rpc/controller/test_llm_planning.py",
    "PLANNER_UNAVAILABLE": "unit/controller/planner/test_on_demand.py",
    "PLAN_CYCLE": "rpc/controller/test_cyclic_plans.py",
    "PLAN_INVALID": "rpc/controller/test_approval.py",
    "PLAN_NOT_REPAIRED": "rpc/controller/test_llm_planning.py",
    "QUEUE_FULL": "rpc/host/test_calls.py",
    "REQUEST_BEYOND_PLANNER": "rpc/gateway/test_platform.py",
    "REQUEST_EMPTY": "rpc/controller/test_runs.py",
    "REQUEST_TOO_LARGE": "rpc/controller/test_request_bounds.py",
    "RUN_NOT_ENDED": "rpc/gateway/test_runs.py",
    "RUN_NOT_FOUND": "rpc/controller/test_approval.py",
    "SEQUENCE_OUT_OF_RANGE": "rpc/gateway/test_runs.py",
    "SERVER_BUSY": "unit/serving/test_call_limits.py",
    "SERVER_STOPPING": "rpc/controller/test_runs.py",
    "SERVER_UNREACHABLE": "rpc/client/test_resuming.py",
    "SIZE_MISMATCH": "rpc/controller/test_artifacts.py",
    "STORAGE_FULL": "faults/test_disk_full.py",
    "STORAGE_UNAVAILABLE": "faults/test_storage.py",
    "TOO_MANY_CALLS": "rpc/controller/test_execution.py",
    "RESULT_TOO_LARGE": "rpc/controller/test_execution.py",
    "TOO_MANY_RUNS": "rpc/controller/test_runs.py",
    "RUN_TOO_LARGE": "rpc/controller/test_runs.py",
    "UNAUTHENTICATED": "rpc/client/test_bare_statuses.py",
    "UNKNOWN_INPUT": "rpc/controller/test_execution.py",
    "UNKNOWN_REFERENCE": "rpc/controller/test_approval.py",
    "UNKNOWN_TASK_TYPE": "rpc/controller/test_execution.py",
    "UNSAFE_MODEL": "rpc/host/models/test_refusals.py",
    "UPSTREAM_FAILED": "rpc/gateway/hugginggpt/test_calls.py",
    "WORKER_CRASHED": "rpc/host/test_calls.py",
}
"""For each reason a module whose tests have a real server, host or client fail with it. Those that are there for bare
statuses alone come from a server of another kind."""


def test_every_reason_is_produced_by_a_test_that_names_it() -> None:
    assert PRODUCERS.keys() == Reason.__members__.keys()
    texts = {module: (TESTS / module).read_text() for module in PRODUCERS.values()}
    assert [name for name, module in PRODUCERS.items() if not re.search(rf'"{name}\b', texts[module])] == []


def test_every_reason_has_a_cure() -> None:
    assert Reason.__members__.keys() <= CURES.keys()
