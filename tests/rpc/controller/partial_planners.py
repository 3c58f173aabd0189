"""A package of planners: one asks before it leaves a part out, one does not, and one knows what brings an expert."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrion.refusals import NotDone

PACKAGE = """
from orchestrion.events import PlanFinished
from orchestrion.plans import Plan, Task
from orchestrion.refusals import NotDone, Question, QuestionChoice
from orchestrion_controller import languages, refusals

PLAN = Plan((Task("wait", "test-delay", {"text": "waited"}),))
PARTS = (NotDone("and mail it to Tom", "Nothing here does that.", "wait"),)
CHOICES = (QuestionChoice("short", "wait 1 s"), QuestionChoice("long", "wait 9 s"))

class Careful:
    name = "careful"
    runs_partial = False

    async def plan(self, request):
        words = request.messages[-1].text
        if words == "how long?":
            yield PlanFinished(PLAN, questions=(Question("How long?", CHOICES),))
        elif words.startswith("wait") and "mail" not in words:
            yield PlanFinished(PLAN)
        elif words == "mail it":
            yield PlanFinished(Plan((), "Nothing can be done."), not_done=PARTS)
        else:
            yield PlanFinished(PLAN, not_done=PARTS)

class Knowing:
    name = "knowing"
    runs_partial = False

    async def plan(self, request):
        words = request.messages[-1].text
        task_type = request.defined["visual-question-answering"]
        assert task_type.name not in request.task_types
        part = refusals.no_expert(words, task_type, request.cures.find(task_type.name), languages.detect(words))
        yield PlanFinished(Plan((), part.reason), not_done=(part,))

class Bold:
    name = "bold"

    async def plan(self, request):
        yield PlanFinished(PLAN, not_done=PARTS)
"""

MAIL = NotDone("and mail it to Tom", "Nothing here does that.", "wait")
"""What their plans do not do."""


@pytest.fixture
def partial_planners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Installs the package into a folder on the path, before a controller starts."""
    folder = tmp_path / "site"
    (info := folder / "partial_planners-1.0.dist-info").mkdir(parents=True)
    (folder / "partial_planners.py").write_text(PACKAGE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: partial_planners\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[orchestrion.planners]\ncareful = partial_planners:Careful\nbold = partial_planners:Bold\n"
        "knowing = partial_planners:Knowing\n"
    )
    monkeypatch.syspath_prepend(folder)
    importlib.invalidate_caches()
    yield
    sys.modules.pop("partial_planners", None)
