"""Messages that are nearly always accepted, so that what comes after the first checks is reached, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Final

from google.protobuf.message import Message

from orchestrion.v1 import model_host_service_pb2, plans_pb2, runs_pb2, values_pb2

_TEXTS: Final = ("one", "three", "", "a longer text than the others", "line\nline", "\0", "你好", "1", "word " * 2_000)
_OUTPUTS: Final = {"test-delay": "text", "text-selection": "text", "text-classification": "label"}


def plan(random: Random) -> Message:
    """Makes a plan of one to six tasks, each of which may take what earlier ones give, also as lists that unfold."""
    tasks: list[plans_pb2.Task] = []
    for number in range(random.randint(1, 6)):
        earlier = list(tasks)
        kind = random.choice(("test-delay", "test-delay", "text-selection", "text-classification"))
        task = plans_pb2.Task(id=f"t{number}", type=kind)
        if kind == "text-selection":
            task.inputs["texts"].CopyFrom(_texts(random, earlier))
            task.inputs["criterion"].text = random.choice(("longest", "shortest"))
        else:
            task.inputs["text"].CopyFrom(_texts(random, earlier) if random.random() < 0.2 else _text(random, earlier))
        if kind == "test-delay":
            if random.random() < 0.3:
                task.inputs["other"].CopyFrom(_text(random, earlier))
            if random.random() < 0.3:
                task.inputs["delay_ms"].number = random.choice((0, 1, 20, 0.5, 1e-300))
            if random.random() < 0.2:
                task.inputs["output_bytes"].number = random.choice((0, 1, 0.5, 70_000))
        tasks.append(task)
    random.shuffle(tasks)
    return plans_pb2.Plan(tasks=tasks)


def turn(random: Random) -> Message:
    """Makes what a person says."""
    texts = (
        "do it",
        "which is the longer one?",
        "count the cats",
        "hello there",
        "and shorter?",
        "Wie heißt du?",
        "翻译一下",
    )
    return runs_pb2.Message(role=runs_pb2.ROLE_USER, text=random.choice(texts))


def inference(random: Random) -> Message:
    """Makes a call of an expert."""
    (task,) = random.sample(list(plans_pb2.Plan.FromString(plan(random).SerializeToString()).tasks), 1)
    experts = {
        "test-delay": "delay",
        "text-selection": "text-rules",
        "text-classification": random.choice(("langid", "vader")),
    }
    return model_host_service_pb2.InferRequest(
        expert_id=experts[task.type], task_type=task.type, inputs=dict(task.inputs)
    )


RECIPES: Final[Mapping[str, Callable[[Random], Message]]] = {
    "orchestrion.v1.Plan": plan,
    "orchestrion.v1.Message": turn,
    "orchestrion.v1.InferRequest": inference,
}
"""What makes a message that is accepted, by its type."""


def _text(random: Random, earlier: list[plans_pb2.Task]) -> values_pb2.Value:
    if earlier and random.random() < 0.6:
        task = random.choice(earlier)
        output = values_pb2.OutputRef(task_id=task.id, output=_OUTPUTS[task.type])
        return values_pb2.Value(output=output)
    return values_pb2.Value(text=random.choice(_TEXTS))


def _texts(random: Random, earlier: list[plans_pb2.Task]) -> values_pb2.Value:
    items = [_text(random, earlier) for _ in range(random.choice((0, 1, 2, 5, 40)))]
    return values_pb2.Value(list=values_pb2.ListValue(items=items))
