"""A small real language model plans as the language model of its own platform: what it writes always has the form.

SmolLM2 has 135 million parameters: few of its plans make sense, but each reply parses, fits the schema and comes to an
end. How many plans keep the rules, at once and after being mended, is printed. LONG=1 asks for a hundred.
"""

from __future__ import annotations

import itertools
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from orchestrion import Client, embedded, task_types
from orchestrion.errors import OrchestrionError
from orchestrion.events import Event, PlanFinished, PlanRejected, StageFinished
from tests import rates, small_language_model
from tests.small_language_model import EXPERT

pytestmark = [pytest.mark.tasks, pytest.mark.timeout(3000)]

_COUNT: Final = 100 if os.environ.get("LONG") else 20
# A reply that goes on to the last token takes minutes, and so may its repair.
_TIMEOUT_S: Final = 1500.0
TYPES: Final = [task_types.load()[name] for name in ("translation", "text-to-speech", "summarization")]
VERBS: Final = ("Say", "Translate into German:", "Sum up:", "Speak slowly:", "Translate into French and say:")
TEXTS: Final = (
    "Good morning, everyone.", "The lift is out of order.", "We meet at nine in the hall.", "Bring your own cup.",
    "The last train leaves at ten.", "Tea or coffee?", "It rains in the north.", "My name is Ann.",
    "Keep the door shut.", "Thank you for the flowers.", "The keys are under the mat.", "No dogs on the beach.",
    "Dinner is ready.", "Please write to me soon.", "The museum is free today.", "Mind the step.",
    "He plays the violin.", "Her boat is blue.", "Turn left at the church.", "The shop opens late.",
)  # fmt: skip


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A private platform that has SmolLM2 and nothing else, and asks it for plans."""
    catalogue = small_language_model.write_catalogue(tmp_path_factory.mktemp("small") / "catalogue")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ORCHESTRION_HOST_PROFILE", "none")
        patch.setenv("ORCHESTRION_HOST_CATALOGUE_PATHS", str(catalogue))
        # A model of this size begins anew as long as it may.
        patch.setenv("ORCHESTRION_CONTROLLER_LLM_MAX_TASKS", "4")
        with embedded(llm_expert=EXPERT) as client:
            yield client


def plan(client: Client, request: str) -> tuple[list[Event], str]:
    """Returns the events of a plan, and the reason where there is none."""
    events: list[Event] = []
    try:
        for event in client.plan(request, task_types=TYPES, planner="llm", timeout=_TIMEOUT_S):
            events.append(event)
    except OrchestrionError as error:
        return events, error.reason
    return events, ""


def test_every_reply_has_the_form_and_comes_to_an_end(
    client: Client, record_property: Callable[[str, object], None]
) -> None:
    requests = [f"{verb} {text}" for text, verb in itertools.product(TEXTS, VERBS)]
    outcomes: Counter[str] = Counter()
    for request in random.Random(1).sample(requests, _COUNT):
        events, reason = plan(client, request)
        rejected = [event.payload.error for event in events if isinstance(event.payload, PlanRejected)]
        for error in rejected:
            # What is wrong is what was planned: never the JSON, its form, or its length.
            assert not any(words in error.message for words in ("no JSON", "breaks off", "cut off", "no plan")), error
        assert reason in {"", "PLAN_NOT_REPAIRED"}, reason
        ended = [event.payload for event in events if isinstance(event.payload, StageFinished)]
        assert ended[-1].completion_token_count > 0
        finished = any(isinstance(event.payload, PlanFinished) for event in events)
        outcomes[
            "kept after a repair" if finished and rejected else "kept at once" if finished else "broken twice"
        ] += 1
    kept = outcomes["kept at once"] + outcomes["kept after a repair"]
    table = "\n".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    print(rates.report(record_property, f"plans of {EXPERT}, rules of plans", kept, outcomes.total(), table))
    print(table)


def test_a_plan_that_nobody_waits_for_frees_the_model(client: Client) -> None:
    """Given a reader who leaves after the first task, the next request is answered."""
    events = client.plan(
        "Say good morning, then translate it into German.", task_types=TYPES, planner="llm", timeout=_TIMEOUT_S
    )
    next(iter(events))
    events.close()
    again, reason = plan(client, "Say yes.")
    assert reason in {"", "PLAN_NOT_REPAIRED"}
    assert any(isinstance(event.payload, StageFinished) for event in again)
