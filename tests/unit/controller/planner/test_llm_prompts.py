"""What the planning language model is told: task types, files, examples, and what earlier turns left."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from orchestrion_controller.planner.llm.schema import plan_schema

from orchestrion.events import PlanFinished, TaskPlanned
from orchestrion.plans import Parameter, ParameterKind, Plan, Task, TaskResult, TaskState, TaskType
from orchestrion.runs import Artifact, Message
from orchestrion.values import ArtifactRef, OutputRef, Value
from orchestrion_controller.planner.llm import examples
from orchestrion_controller.planner.llm.relevance import by_relevance
from orchestrion_controller.plans import rules
from orchestrion_controller.stages import PastTurn, PlanningRequest
from tests.llm_server import LLMServer
from tests.starter import TASK_TYPES as STARTER
from tests.unit.controller.planner.llm_plans import REQUEST, SIGN, TASKS, TYPES, plan, planned, read, speak

SPEECH = Artifact("artifacts/" + "b" * 64, "audio/wav", "speech.wav", 10)


def request_of(text: str, types: Any = STARTER, **fields: Any) -> PlanningRequest:
    return PlanningRequest((Message(text),), (), types, **fields)


async def prompt_for(request: PlanningRequest) -> tuple[str, dict[str, Any]]:
    """Plans nothing, and returns what the model was told, in words and as a schema."""
    async with LLMServer([plan(reason="Only a test.")]) as server:
        await planned(server, request)
        body = server.calls[0].body
    return "\n".join(message["content"] for message in body["messages"]), body["response_format"]["json_schema"][
        "schema"
    ]


PAST = PastTurn(
    (Message("read this", artifacts=(SIGN.name,)),),
    Plan(TASKS[:1]),
    {"read": TaskResult("read", TaskState.SUCCEEDED, {"text": "No entry without a permit"})},
    "It says so.",
    {SIGN.name: SIGN},
)


async def test_earlier_files_and_texts_are_told_by_short_names_and_fed_on_as_they_were() -> None:
    request = request_of("say it again", history=(PAST,))
    again = read() | {"inputs": {"image": {"artifact": "earlier/1"}}}
    async with LLMServer([plan(again, speak({"artifact": "earlier/2"}))]) as server:
        items = await planned(server, request)
    spoken = Task("speak", "text-to-speech", {"text": "No entry without a permit"})
    assert items[:2] == [TaskPlanned(TASKS[0]), TaskPlanned(spoken)]
    words = json.dumps(server.calls[0].body["messages"], ensure_ascii=False)
    shown = ("[earlier/1: sign.png, image/png]", "text = earlier/2: “No entry without a permit”", "It says so.")
    for part in shown:
        assert part in words
    # Hashes are long and easily miswritten.
    assert SIGN.name not in words
    schema = json.dumps(server.calls[0].body["response_format"])
    assert '"enum": ["earlier/1"]' in schema
    assert '"enum": ["earlier/2"]' in schema


async def test_the_schema_has_each_task_types_own_inputs_and_is_strict() -> None:
    _, schema = await prompt_for(REQUEST)
    forms = {item["properties"]["type"]["enum"][0]: item for item in tasks_of(schema)}
    assert list(forms) == list(TYPES)
    for name, form in forms.items():
        assert list(form["properties"]["inputs"]["properties"]) == [parameter.name for parameter in TYPES[name].inputs]
    assert '"enum": ["attachments/1"]' in json.dumps(schema)
    assert '"enum": ["longest", "shortest"]' in json.dumps(schema)
    check_strict(schema)
    # OpenAI takes 5,000 properties and ten levels.
    assert sum(1 for _ in properties(schema)) < 1000


def tasks_of(schema: dict[str, Any]) -> list[dict[str, Any]]:
    forms: list[dict[str, Any]] = schema["properties"]["tasks"]["items"]["anyOf"]
    return forms


def properties(schema: Any) -> Iterator[str]:
    """Yields the name of every property of every object in a schema."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield from schema["properties"]
        for item in schema.values():
            yield from properties(item)
    elif isinstance(schema, list):
        for item in schema:
            yield from properties(item)


def check_strict(schema: Any) -> None:
    """Checks what the strict modes of endpoints demand: nothing optional or open, references that lead somewhere."""
    definitions = schema["$defs"]

    def check(part: Any, place: tuple[str, ...]) -> None:
        if isinstance(part, list):
            for index, item in enumerate(part):
                check(item, (*place, str(index)))
        elif isinstance(part, dict):
            if part.get("type") == "object":
                assert part["additionalProperties"] is False, place
                assert set(part["required"]) == set(part["properties"]), place
            if "$ref" in part:
                name = part["$ref"].removeprefix("#/$defs/")
                assert part == {"$ref": f"#/$defs/{name}"}, place
                assert name in definitions, place
            assert not {"oneOf", "allOf", "not", "const", "pattern", "minimum", "maximum"} & part.keys(), place
            for name, item in part.items():
                check(item, (*place, name))

    check(schema, ())
    assert schema["type"] == "object"
    for name, form in definitions.items():
        # No recursion: a definition refers to those before it only.
        for later in list(definitions)[list(definitions).index(name) :]:
            assert f'"#/$defs/{later}"' not in json.dumps(form)


def fits(schema: dict[str, Any], part: dict[str, Any], value: Any) -> bool:
    """Whether a value has the form that a part of a strict schema gives it."""
    if "$ref" in part:
        return fits(schema, schema["$defs"][part["$ref"].removeprefix("#/$defs/")], value)
    if "anyOf" in part:
        return any(fits(schema, choice, value) for choice in part["anyOf"])
    kinds = part["type"] if isinstance(part["type"], list) else [part["type"]]
    if isinstance(value, dict):
        named = part.get("properties", {})
        return (
            "object" in kinds
            and value.keys() == named.keys()
            and all(fits(schema, named[name], item) for name, item in value.items())
        )
    if isinstance(value, list):
        return "array" in kinds and all(fits(schema, part["items"], item) for item in value)
    if value is None:
        return "null" in kinds
    if isinstance(value, str):
        return "string" in kinds and ("enum" not in part or value in part["enum"])
    return ("integer" in kinds and isinstance(value, int)) or "number" in kinds


def strictly(example: examples.Example) -> dict[str, Any]:
    """A plan as a model writes it that is held to a strict schema: what is left out is null."""
    data: dict[str, Any] = json.loads(examples.written(example.plan))
    for task in data["tasks"]:
        declared = TYPES[task["type"]].inputs
        task["inputs"] = {parameter.name: task["inputs"].get(parameter.name) for parameter in declared}

    def with_index(value: Any) -> Any:
        if isinstance(value, dict):
            members = {name: with_index(item) for name, item in value.items()}
            return {**members, "index": members.get("index")} if "taskId" in members else members
        return [with_index(item) for item in value] if isinstance(value, list) else value

    result: dict[str, Any] = with_index(data)
    return result


def attached(example: examples.Example) -> dict[str, Artifact]:
    """The files of an example, as a request has them, and those of its earlier turns."""
    files = {f"attachments/{index}": kind for index, kind in enumerate(example.files, start=1)}
    left = {f"earlier/{index}": kind for index, kind in enumerate(example.earlier, start=1) if "“" not in kind}
    return {
        name: Artifact(f"artifacts/{index:064x}", kind, "", 10)
        for index, (name, kind) in enumerate({**files, **left}.items())
    }


@pytest.mark.parametrize("example", examples.library(), ids=lambda example: example.request[:30])
def test_every_example_keeps_the_rules_of_plans_and_the_schema(example: examples.Example) -> None:
    files = attached(example)
    texts = {f"earlier/{index}": text for index, text in enumerate(example.earlier, start=1) if "“" in text}
    media_types = {name: file.media_type for name, file in files.items()}
    schema = dict(plan_schema(TYPES.values(), media_types, texts).schema)
    assert fits(schema, schema, strictly(example))

    # As the planner does it: names of earlier turns stand for what these left.
    def resolved(value: Value) -> Value:
        if isinstance(value, ArtifactRef) and value.name in texts:
            return texts[value.name].strip("“”")
        return ArtifactRef(files[value.name].name) if isinstance(value, ArtifactRef) else value

    tasks = tuple(
        Task(task.id, task.type, {name: resolved(value) for name, value in task.inputs.items()})
        for task in example.plan.tasks
    )
    rules.check(Plan(tasks, example.plan.no_task_reason), TYPES, (), {file.name: file for file in files.values()})


@pytest.mark.parametrize("example", examples.library(), ids=lambda example: example.request[:30])
def test_every_example_takes_texts_from_the_request_letter_by_letter(example: examples.Example) -> None:
    for task in example.plan.tasks:
        if task.id in example.derived:
            continue
        for name, value in task.inputs.items():
            parameter = TYPES[task.type].input(name)
            assert parameter is not None
            # A language's tag and a word for a voice come from the description of the input.
            if parameter.choices or name in {"language", "domain"}:
                continue
            for text in value if isinstance(value, tuple) else (value,):
                assert not isinstance(text, str) or text in example.request


def test_no_example_feeds_a_task_the_original_of_a_text_that_another_one_made() -> None:
    """Where one task makes a new text from a text, a later one is given the new text and never the old one."""
    chains = 0
    for example in examples.library():
        made_from = {
            task.id: task.inputs[TYPES[task.type].inputs[0].name]
            for task in example.plan.tasks
            if any(output.kind is ParameterKind.TEXT for output in TYPES[task.type].outputs)
        }
        for task in example.plan.tasks:
            for value in task.inputs.values():
                if isinstance(value, OutputRef) and value.task_id in made_from:
                    chains += 1
                    assert made_from[value.task_id] not in task.inputs.values()
    assert chains >= 10


def test_examples_cover_the_forms_of_plans() -> None:
    plans = [example.plan for example in examples.library()]
    assert any(not plan.tasks and plan.no_task_reason for plan in plans)
    assert any(len(plan.tasks) >= 3 for plan in plans)
    types = {task.type for plan in plans for task in plan.tasks}
    # Whatever a fresh machine performs is shown at least once, but for what nobody asks for in words.
    assert set(STARTER) - types <= {"feature-extraction"}


@pytest.mark.parametrize(
    ("text", "media_types", "expected"),
    [
        ("Read this poster out loud, please, but slowly.", ["image/png"], "Read this sign aloud, slowly."),
        ("Count the faces in both photos.", ["image/jpeg", "image/jpeg"], "How many faces are in these pictures?"),
        ("Sum up this article in three sentences.", ["text/plain"], "Sum up the attached report in two sentences"),
        ("How similar are 'a dog' and 'a wolf'?", [], "How similar are"),
    ],
)
def test_the_most_fitting_example_stands_next_to_the_request(text: str, media_types: list[str], expected: str) -> None:
    chosen = examples.chosen(text, media_types, TYPES, follows_up=False)
    assert len(chosen) == examples.MOST_EXAMPLES
    assert chosen[-1].request.startswith(expected)


async def test_examples_are_of_what_is_on_offer() -> None:
    few = {name: TYPES[name] for name in ("text-to-speech", "sentence-similarity")}
    words, _ = await prompt_for(request_of("Translate 'hello' into French and read it out.", few))
    shown = words.partition("Examples:")[2]
    assert '"type":"text-to-speech"' in shown
    assert "translation" not in shown
    # A library of tools that has nothing to do with ours gets none.
    tool = TaskType("weather", "Tells the weather.", (Parameter("city", ParameterKind.TEXT),), ())
    words, schema = await prompt_for(request_of("What is the weather in Rome?", {"weather": tool}))
    assert [example.request for example in examples.chosen("weather", [], {"weather": tool}, follows_up=False)] == [
        "Thanks, that was all!"
    ]
    assert [form["properties"]["type"]["enum"] for form in tasks_of(schema)] == [["weather"]]


async def test_choices_ranges_and_defaults_of_the_likeliest_task_types_are_told() -> None:
    words, schema = await prompt_for(request_of("Make this louder and sharper, please."))
    assert len(STARTER) <= 24
    for task_type in STARTER.values():
        start = words.index(f"- {task_type.name}: {task_type.description}")
        for parameter in task_type.inputs:
            line = next(line for line in words[start:].splitlines() if line.startswith(f"    {parameter.name} ("))
            assert ("?" in line.partition(")")[0]) is parameter.optional
            # Defaults are told in the descriptions ("0.5 when left out").
            assert line.endswith(parameter.description) or parameter.description in {"The picture.", "The text."}
            for bound in (parameter.minimum, parameter.maximum):
                assert bound is None or f"{bound:.10g}" in line.split("): ")[0]
            if parameter.choices:
                assert f"one of {', '.join(parameter.choices)}" in line
                assert f'"enum": {json.dumps(parameter.choices)}' in json.dumps(schema)


async def test_of_many_task_types_all_forms_are_told_and_the_likeliest_in_detail() -> None:
    words, _ = await prompt_for(request_of("Say 'hello' with a whispering voice.", TYPES))
    for task_type in TYPES.values():
        line = next(line for line in words.splitlines() if line.startswith(f"- {task_type.name}("))
        assert all(f"{parameter.name} " in line for parameter in (*task_type.inputs, *task_type.outputs))
        for parameter in task_type.inputs:
            assert "|".join(parameter.choices) in line
    closely = words.partition("most likely to need:")[2]
    assert "voice (TEXT?): A kind of voice: female, male, child, whisper" in closely
    assert "depth-estimation" not in closely


def test_relevance_knows_words_files_and_what_was_just_planned() -> None:
    def first(text: str, *media_types: str, planned: tuple[str, ...] = ()) -> str:
        return by_relevance(TYPES, text, media_types, planned)[0]

    assert first("Is this review positive or negative?") == "text-classification"
    assert first("traduis ce texte en anglais, une traduction") == "translation"
    assert "image" in first("what is this?", "image/png")
    assert first("again, but slower", planned=("text-to-speech",)) == "text-to-speech"


async def test_a_text_file_may_be_planned_for_a_text() -> None:
    notes = Artifact("artifacts/" + "c" * 64, "text/plain", "notes.txt", 10)
    request = PlanningRequest((Message("say it", artifacts=(SIGN.name, notes.name)),), (SIGN, notes), TYPES)
    async with LLMServer([plan(speak({"artifact": "attachments/2"}))]) as server:
        items = await planned(server, request)
        body = server.calls[0].body
    assert items[-1] == PlanFinished(Plan((Task("speak", "text-to-speech", {"text": ArtifactRef(notes.name)}),)))
    assert "[attachments/2: notes.txt, text/plain, a text file: also a TEXT]" in body["messages"][-1]["content"]
    schema = body["response_format"]["json_schema"]["schema"]
    speaking = next(form for form in tasks_of(schema) if form["properties"]["type"]["enum"] == ["text-to-speech"])
    text = speaking["properties"]["inputs"]["properties"]["text"]
    assert fits(schema, text, {"artifact": "attachments/2"})
    assert not fits(schema, text, {"artifact": "attachments/1"})
