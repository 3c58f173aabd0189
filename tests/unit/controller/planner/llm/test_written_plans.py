"""Plans as the writer writes them: whatever the rules accept is read back as it was."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from orchestrion.errors import OrchestrionError
from orchestrion.plans import Parameter, ParameterKind, Plan, Task, TaskType
from orchestrion.refusals import NotDone
from orchestrion.values import ArtifactRef, Json, OutputRef, Value
from orchestrion_controller.planner.llm.notation import PlanNames, PlanReader, written
from orchestrion_controller.plans import rules
from tests.unit.controller.planner.llm.replies import BELL, LETTER, NAMES, NOTES, SIGN, STATION, TYPES, outcome

DATA = Parameter("data", ParameterKind.JSON, optional=True)
MANY = Parameter("many", ParameterKind.JSON, optional=True, repeated=True)
SWITCH = Parameter("switch", ParameterKind.BOOLEAN, optional=True)
ODD = TaskType(
    "odd-task",
    "Takes whatever there is.",
    (
        *(DATA, MANY, SWITCH, Parameter("text", ParameterKind.TEXT, optional=True)),
        Parameter("language", ParameterKind.TEXT, optional=True),
        Parameter("number", ParameterKind.NUMBER, optional=True),
        Parameter("output", ParameterKind.TEXT, optional=True, repeated=True),
        Parameter("image", ParameterKind.IMAGE, optional=True),
    ),
    (Parameter("text", ParameterKind.TEXT), DATA, Parameter("texts", ParameterKind.TEXT, repeated=True)),
)
LIBRARY = {**{name: TYPES[name] for name in ("image-to-text", "text-to-speech", "mask-generation")}, ODD.name: ODD}
SAID = [
    *("$1", "$9", "$a.text", "${a.text}", "{{a}}", "$a", "It says $a.text", "$5 off", "$earlier.2", "$request.1", "$"),
    *(
        "attachments/1",
        "artifacts/" + "a" * 64,
        "earlier/1",
        "<GENERATED>-1",
        "German",
        "de_DE",
        "de",
        "true",
        "0.8",
        "1",
    ),
    *("[1]", '{"a": 1}', '"', "'", "\\", "\\n", "\n", "// no", "null", "None", "", " ", "station.jpg", "{", "</think>"),
    *(
        "<think>",
        "a.text",
        "No entry without a permit",
        LETTER,
        LETTER[:50],
        "$odd",
        "$$a.text",
        "x $a.texts.0 y",
        "{{ a.text }}",
    ),
]
TEXTS = st.sampled_from(SAID) | st.text(max_size=6)
JSONS: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["json", "text", "list", "items", "output", "taskId", "literal", "a", ""]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=5,
)
IDS = st.sampled_from(["a", "b-1", "2", "odd_c"])
REFERENCES = st.builds(OutputRef, IDS, st.sampled_from(["text", "data", "texts"]), st.none() | st.integers(0, 2))
FILES = st.sampled_from([ArtifactRef(one.name) for one in (STATION, SIGN)])
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-3, 3).map(float)
BY_KIND: dict[ParameterKind, st.SearchStrategy[Any]] = {
    ParameterKind.TEXT: TEXTS | REFERENCES,
    ParameterKind.NUMBER: NUMBERS,
    ParameterKind.BOOLEAN: st.booleans(),
    ParameterKind.JSON: JSONS.map(Json) | TEXTS | NUMBERS | st.booleans() | REFERENCES,
    ParameterKind.IMAGE: FILES,
}


@st.composite
def tasks(draw: st.DrawFn) -> Task:
    """A task with most of its inputs of the kind that they have, so that many plans keep the rules."""
    task_type = LIBRARY[draw(st.sampled_from(sorted(LIBRARY)))]
    inputs: dict[str, Value] = {}
    for parameter in task_type.inputs:
        if parameter.optional and not draw(st.booleans()):
            continue
        single = BY_KIND[parameter.kind]
        value = st.lists(single, max_size=3).map(tuple) if parameter.repeated else single
        inputs[parameter.name] = draw(value | st.lists(single, min_size=1, max_size=2).map(tuple))
    return Task(draw(IDS), task_type.name, inputs)


def exact(value: Value) -> Any:
    """A value with its type, since Python takes 1 and True for one."""
    if isinstance(value, tuple):
        return [exact(item) for item in value]
    data = value.data if isinstance(value, Json) else value
    is_data = isinstance(data, str | float | bool | int | dict | list)
    return type(value).__name__, json.dumps(data).replace("-0.0", "0.0") if is_data else repr(data)


@given(plan=st.lists(tasks(), min_size=1, max_size=2))
@example(plan=[Task("a", "odd-task", {"data": ("x", "y")})])
@example(plan=[Task("a", "odd-task", {"data": Json(["$b-1.text"])})])
@example(
    plan=[Task("a", "odd-task", {"data": Json({"json": 1})}), Task("2", "odd-task", {"data": Json({"a": "$a.text"})})]
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
def test_whatever_the_rules_accept_is_read_back_as_it_was(plan: list[Task]) -> None:
    files = {one.name: one for one in (STATION, NOTES, BELL, SIGN)}
    try:
        checked = rules.check(Plan(tuple(plan)), LIBRARY, (), files)
    except OrchestrionError:
        assume(False)
    text = written(checked, NAMES, task_types=LIBRARY)
    json.loads(text)
    reader = PlanReader(LIBRARY, NAMES)
    reader.feed(text)
    reader.finish()
    assert [fault.message for fault in reader.faults] == []
    meant = {
        task.id: (task.type, {name: exact(value) for name, value in task.inputs.items()}) for task in checked.tasks
    }
    read = {task.id: (task.type, {name: exact(value) for name, value in task.inputs.items()}) for task in reader.tasks}
    assert read == meant


def test_a_plan_is_short_and_calls_everything_by_its_name() -> None:
    plan = Plan(
        (
            Task("read", "image-to-text", {"image": ArtifactRef(STATION.name)}),
            Task(
                "say",
                "text-to-speech",
                {"text": OutputRef("read", "text"), "language": "de", "speed": 2.0, "pitch": 0.5},
            ),
            Task("again", "text-to-speech", {"text": "No entry without a permit"}),
            Task("sum-up", "summarization", {"text": LETTER}),
            Task("longer", "text-selection", {"texts": (OutputRef("read", "text"), "$1"), "criterion": "longest"}),
        )
    )
    text = written(plan, NAMES, [NotDone("and mail it", "Nothing here sends mail.")])
    assert text == (
        '{"tasks":[{"id":"read","type":"image-to-text","inputs":{"image":"$1"}},'
        '{"id":"say","type":"text-to-speech","inputs":{"text":"$read.text","language":"de","speed":2,"pitch":0.5}},'
        '{"id":"again","type":"text-to-speech","inputs":{"text":"$earlier.2"}},'
        '{"id":"sum-up","type":"summarization","inputs":{"text":"$request.1"}},'
        '{"id":"longer","type":"text-selection","inputs":{"texts":["$read.text",{"literal":"$1"}],"criterion":"longest"}}],'
        '"not_done":[{"words":"and mail it","why":"Nothing here sends mail."}]}'
    )
    read = outcome(text)
    assert read.faults == ()
    assert read.tasks == plan.tasks
    assert read.not_done == (NotDone("and mail it", "Nothing here sends mail."),)


def test_a_plan_without_tasks_says_why() -> None:
    text = written(Plan((), "A greeting."), PlanNames())
    assert text == '{"tasks":[],"no_task_reason":"A greeting."}'
    assert outcome(text).no_task_reason == "A greeting."


def test_a_file_without_a_name_keeps_its_own() -> None:
    plan = Plan((Task("read", "image-to-text", {"image": ArtifactRef("artifacts/" + "f" * 64)}),))
    text = written(plan, PlanNames())
    reader = PlanReader(TYPES, PlanNames())
    assert tuple(reader.feed(text)) == plan.tasks
