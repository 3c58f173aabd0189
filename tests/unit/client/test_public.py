"""The public API, listed: a name or a module that is not here was made public by accident."""

from __future__ import annotations

import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import orchestrion

ROOT = Path(__file__).parents[3]

NAMES = {
    "clients": {"AsyncClient", "AsyncHostClient", "Client", "HostClient", "async_embedded", "embedded"},
    "requests": {"Attachment", "Content", "Link", "Message", "Request", "Role", "Sound"},
    "settings": {
        "Approval",
        "ExecuteSettings",
        "ModelSettings",
        "OnDetach",
        "PlanSettings",
        "RespondSettings",
        "RunSettings",
        "SelectSettings",
        "SelectionPolicy",
    },
    "refusals": {"NotDone", "Question", "QuestionChoice"},
    "plans": {"Assignment", "Plan", "Task", "TaskResult", "TaskState", "TaskType"},
    "values": {"ArtifactRef", "Json", "OutputRef", "from_json", "to_json"},
    "runs": {"Answer", "Artifact", "Event", "Page", "Run", "RunSnapshot", "RunState"},
    "hosts": {
        "Catalogue",
        "Expert",
        "Host",
        "HostRemoved",
        "HubModel",
        "ListedExpert",
        "ListedTaskType",
        "ModelProgress",
    },
    "errors": {
        "AbortedError",
        "DeadlineExceededError",
        "FailedPreconditionError",
        "InternalError",
        "InvalidArgumentError",
        "NotFoundError",
        "OrchestrionError",
        "OutOfRangeError",
        "PermissionDeniedError",
        "Reason",
        "ResourceExhaustedError",
        "RunCancelledError",
        "UnauthenticatedError",
        "UnavailableError",
        "UnimplementedError",
    },
}

MODULES = {
    "answers",
    "callers",
    "cli",
    "content",
    "errors",
    "events",
    "experts",
    "inference",
    "links",
    "listening",
    "listings",
    "logs",
    "models",
    "names",
    "plans",
    "refusals",
    "requests",
    "runs",
    "settings",
    "snapshots",
    "task_types",
    "testing",
    "v1",
    "values",
}

ALIASES = {"Attachment", "Content", "Request"}
"""Names of types that are written with others, and have no `__name__` of their own."""

PRIVATE_IMPORT = re.compile(r"(?:from|import) orchestrion(?:\.\w+)*\._|from orchestrion import _")

FOR_USERS = ("*.md", "docs/**/*.md", "examples/**/*.py", "clients/python/orchestrion/testing/__init__.py")
"""What users read and copy."""


def test_the_public_names_are_these() -> None:
    assert set(orchestrion.__all__) == set.union(*NAMES.values())
    assert len(orchestrion.__all__) == sum(map(len, NAMES.values()))


def test_the_public_modules_are_these() -> None:
    modules = {module.name for module in pkgutil.iter_modules(orchestrion.__path__)}
    assert {name for name in modules if not name.startswith("_")} == MODULES


def test_every_name_loads() -> None:
    for name in orchestrion.__all__:
        assert name in ALIASES or getattr(orchestrion, name).__name__ == name
    assert set(orchestrion.__all__) <= set(dir(orchestrion))
    with pytest.raises(AttributeError, match="Conductor"):
        getattr(orchestrion, "Conductor")  # noqa: B009


def test_import_loads_nothing_heavy() -> None:
    program = "import sys, orchestrion; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
    assert not {"grpc", "google.protobuf", "numpy", "torch", "typer", "yaml"} & set(loaded)


def test_a_dataclass_goes_to_json_and_back_by_public_names() -> None:
    plan = orchestrion.Plan((orchestrion.Task("read", "image-to-text", {"image": orchestrion.ArtifactRef("a")}),))
    assert orchestrion.from_json(orchestrion.to_json(plan), orchestrion.Plan) == plan


@pytest.mark.parametrize("pattern", FOR_USERS)
def test_what_users_copy_imports_no_private_module(pattern: str) -> None:
    for path in ROOT.glob(pattern):
        assert not PRIVATE_IMPORT.findall(path.read_text("utf-8")), path
