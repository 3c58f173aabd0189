"""What comes before the outputs, through the whole system: pieces of text, steps, previews; and what a cancel ends."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from orchestrion.errors import RunCancelledError
from orchestrion.events import Event, TaskFinished, TaskPreview, TaskProgress, TaskStarted, TaskText
from orchestrion.plans import Plan, Task
from orchestrion.values import Value
from tests.system.processes import eventually, metric, running
from tests.tasks.platform import TIMEOUT_S, TinyPlatform

pytestmark = [pytest.mark.tasks, pytest.mark.timeout(400)]


def events(platform: TinyPlatform, task_type: str, **inputs: Value) -> list[Event]:
    plan = Plan((Task("task", task_type, inputs),))
    return list(platform.client.run("Do this.", plan=plan, timeout=TIMEOUT_S))


def outputs(seen: list[Event]) -> dict[str, Value]:
    (finished,) = (event.payload for event in seen if isinstance(event.payload, TaskFinished))
    assert finished.result.succeeded, finished.result.error
    return dict(finished.result.outputs)


def fractions(seen: list[Event]) -> list[float]:
    fractions = [event.payload.fraction for event in seen if isinstance(event.payload, TaskProgress)]
    return [fraction for fraction in fractions if fraction]


@pytest.mark.parametrize(
    ("task_type", "text"), [("text-generation", "the sun"), ("conversational", "is the sun warm?")]
)
def test_a_text_comes_while_it_is_written(platform: TinyPlatform, task_type: str, text: str) -> None:
    seen = events(platform, task_type, text=text, max_tokens=120.0, temperature=1.0, seed=5.0)
    pieces = [event.payload.text for event in seen if isinstance(event.payload, TaskText)]
    assert len(pieces) > 1
    assert "".join(pieces) == outputs(seen)["text"]


def test_a_picture_shows_itself_while_it_is_painted(platform: TinyPlatform) -> None:
    seen = events(platform, "text-to-image", prompt="the sun", steps=12.0, seed=5.0)
    steps = fractions(seen)
    assert steps == sorted(steps)
    assert len(set(steps)) > 2
    previews = [event.payload for event in seen if isinstance(event.payload, TaskPreview)]
    assert previews
    for preview in previews:
        with Image.open(io.BytesIO(preview.content)) as picture:
            assert picture.format is not None
            assert preview.media_type == f"image/{picture.format.lower()}"
    # All of it before the picture itself.
    kinds = [type(event.payload) for event in seen]
    assert len(kinds) - 1 - kinds[::-1].index(TaskPreview) < kinds.index(TaskFinished)


def test_who_cancels_ends_the_painting_in_the_worker(platform: TinyPlatform) -> None:
    seen: list[Event] = []

    def follow() -> None:
        for event in platform.client.run("Do this.", plan=plan, timeout=TIMEOUT_S):
            if isinstance(event.payload, TaskProgress) and event.payload.fraction and not fractions(seen):
                platform.client.runs.cancel(event.run)
            seen.append(event)

    before = metric(platform.host, "orchestrion_host_inferences_total", outcome="cancelled")
    plan = Plan((Task("task", "text-to-image", {"prompt": "the sun", "steps": 150.0}),))
    with pytest.raises(RunCancelledError):
        follow()
    assert 0 < fractions(seen)[-1] < 1
    (expert,) = {event.payload.expert_id for event in seen if isinstance(event.payload, TaskStarted)}
    eventually(lambda: running(platform.host, expert) == 0)
    assert metric(platform.host, "orchestrion_host_inferences_total", outcome="cancelled") == before + 1


def test_texts_of_a_list_go_through_the_model_together(platform: TinyPlatform) -> None:
    texts = tuple(f"the sun is warm and it is day {'and night ' * number}" for number in range(24))
    inputs: dict[str, Value] = {"text": texts, "domain": "sentiment"}
    name = "orchestrion_host_inference_batch_size"
    before = {kind: metric(platform.host, f"{name}_{kind}", expert="tiny-sentiment") for kind in ("count", "sum")}
    plan = Plan((Task("task", "text-classification", inputs),))
    answer = platform.carry_out(plan)
    (result,) = answer.results
    labels = result.outputs["label"]
    assert isinstance(labels, tuple)
    assert len(labels) == len(texts)
    after = {kind: metric(platform.host, f"{name}_{kind}", expert="tiny-sentiment") for kind in ("count", "sum")}
    assert after["count"] - before["count"] == len(texts)
    # Each call tells how many were in its pass; how many come together depends on the machine.
    assert (after["sum"] - before["sum"]) / len(texts) > 1.5
