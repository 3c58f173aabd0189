"""Dataclasses to messages and back, on the wire and as proto3 JSON: nothing lost, nothing invented."""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import json
import math
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Any, Final, get_args

import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrion import events, experts, inference, plans, refusals, requests, runs
from orchestrion._codec import codec, converters, value_codec
from orchestrion._codec.json_objects import object_of
from orchestrion._codec.json_values import UndecidedJson
from orchestrion.errors import InvalidArgumentError
from orchestrion.events import Event, RunFinished, Stage, TaskFinished, TaskStarted
from orchestrion.plans import Parameter, ParameterKind, Plan, Task, TaskResult, TaskState
from orchestrion.runs import Message, Run, RunKind, RunState
from orchestrion.v1 import events_pb2, plans_pb2, runs_pb2, values_pb2
from orchestrion.values import ArtifactRef, Json, OutputRef, Value

LONE = "a\ud800b"

TEXTS: Final = st.text(max_size=8)
DOUBLES: Final = st.floats(allow_nan=False)
NUMBERS: Final = st.integers(-(2**31), 2**31 - 1)
STRUCTURED: Final = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
VALUES: Final[st.SearchStrategy[Value]] = st.recursive(
    TEXTS
    | DOUBLES
    | st.booleans()
    | st.builds(Json, STRUCTURED)
    | st.builds(ArtifactRef, TEXTS)
    | st.builds(OutputRef, TEXTS, TEXTS, st.none() | NUMBERS),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=6,
)
DOMAIN: Final[dict[str, Any]] = {
    name: item
    for module in (events, experts, inference, plans, refusals, requests, runs)
    for name, item in vars(module).items()
    if isinstance(item, type) and item.__module__ == module.__name__
}
DATACLASSES: Final[list[Any]] = [item for item in DOMAIN.values() if dataclasses.is_dataclass(item)]


@cache
def strategy(annotation: str) -> st.SearchStrategy[Any]:
    """Makes what a field of this annotation can hold, with every field of every dataclass in it filled."""
    simple: dict[str, st.SearchStrategy[Any]] = {
        "str": TEXTS,
        "int": NUMBERS,
        "float": DOUBLES,
        "bool": st.booleans(),
        "bytes": st.binary(max_size=8),
        "datetime": st.datetimes(timezones=st.just(UTC)),
        "Value": VALUES,
        "Payload": st.one_of(*(strategy(kind.__name__) for kind in get_args(events.Payload)))
        if annotation == "Payload"
        else st.nothing(),
    }
    if annotation in simple:
        return simple[annotation]
    if annotation.endswith(" | None"):
        return st.none() | strategy(annotation.removesuffix(" | None"))
    if annotation.startswith("tuple["):
        items = strategy(annotation.removeprefix("tuple[").removesuffix(", ...]"))
        return st.lists(items, max_size=2).map(tuple)
    if annotation.startswith("Mapping[str, "):
        return st.dictionaries(TEXTS, strategy(annotation.removeprefix("Mapping[str, ").removesuffix("]")), max_size=2)
    python_type = DOMAIN[annotation]
    if issubclass(python_type, enum.Enum):
        return st.sampled_from(python_type)
    fields = dataclasses.fields(python_type)
    return st.builds(python_type, **{field.name: strategy(str(field.type)) for field in fields})


def same_kind(left: Any, right: Any) -> bool:
    """Whether two values are of one kind throughout; `==` alone holds True, 1 and 1.0 for one."""
    if isinstance(left, tuple):
        return isinstance(right, tuple) and all(map(same_kind, left, right))
    return type(left) is type(right)


def test_the_strategies_know_every_dataclass() -> None:
    assert {"Event", "Run", "Plan", "Host", "InferOutputs", "RunFinished"} <= {item.__name__ for item in DATACLASSES}


@pytest.mark.parametrize("python_type", DATACLASSES, ids=lambda item: item.__name__)
def test_every_field_is_one_of_the_message(python_type: Any) -> None:
    descriptor = converters.MESSAGE_TYPES[python_type.__name__].DESCRIPTOR
    declared = {field.name for field in descriptor.fields} | {oneof.name for oneof in descriptor.oneofs}
    assert {field.name for field in dataclasses.fields(python_type)} <= declared


@pytest.mark.parametrize("python_type", DATACLASSES, ids=lambda item: item.__name__)
@settings(max_examples=15)
@given(data=st.data())
def test_round_trip(python_type: Any, data: st.DataObject) -> None:
    item = data.draw(strategy(python_type.__name__))
    message = codec.encode(item)
    received = type(message).FromString(message.SerializeToString())
    assert codec.decode(received, python_type) == item


@pytest.mark.parametrize(
    "python_type", [Event, Plan, Run, experts.Host, plans.TaskType], ids=lambda item: item.__name__
)
@given(data=st.data())
def test_round_trip_through_json(python_type: Any, data: st.DataObject) -> None:
    item = data.draw(strategy(python_type.__name__))
    text = codec.to_json(item)
    assert "\n" not in text
    assert codec.from_json(text, python_type) == item
    assert codec.from_json(codec.to_json(item, indent=2), python_type) == item


@pytest.mark.parametrize("python_type", DATACLASSES, ids=lambda item: item.__name__)
@settings(max_examples=10)
@given(data=st.data())
def test_json_is_what_protobuf_writes_of_the_message(python_type: Any, data: st.DataObject) -> None:
    item = data.draw(strategy(python_type.__name__))
    by_protobuf = json.loads(json_format.MessageToJson(codec.encode(item)))
    written = json.loads(codec.to_json(item))
    assert written == by_protobuf
    assert list(written) == list(by_protobuf)
    with contextlib.suppress(UndecidedJson):
        assert json.loads(json.dumps(object_of(item))) == by_protobuf


def test_what_protobuf_has_to_judge_is_left_to_it() -> None:
    moment = datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    for item in (
        Event("a", -(2**63) - 1, None, Stage.PLAN, events.AnswerText("b")),
        Event("a", True, None, Stage.PLAN, events.AnswerText("b")),
        Event("a", 1, moment, Stage.PLAN, events.AnswerText("b")),
        Event("a", 1, None, 77, events.AnswerText("b")),  # type: ignore[arg-type]
        events.TaskProgress("a", math.nan),
        events.TaskProgress("a", item=2**31),
        events.TaskPreview("a", "image/png", bytearray(b"c")),  # type: ignore[arg-type]
        events.PlanFinished(Plan((Task("a", "b", {"c": math.inf}),))),
        events.PlanFinished(Plan((Task("a", "b", {"c": Json(2**53 + 1)}),))),
        events.PlanFinished(Plan((Task("a", "b", {"c": ()}), "task"))),  # type: ignore[arg-type]
        events.PlanFinished(Plan((Task("a", "b", {"c": OutputRef("a", "b", 2**31)}),))),
        events.PlanFinished(Plan(), doubts="abc"),  # type: ignore[arg-type]
    ):
        with pytest.raises(UndecidedJson):
            object_of(item)
        try:
            by_protobuf = json_format.MessageToJson(codec.encode(item))
        except (InvalidArgumentError, AttributeError) as error:
            with pytest.raises(type(error)):
                codec.to_json(item)
        else:
            assert json.loads(codec.to_json(item)) == json.loads(by_protobuf)


def test_a_request_is_read_as_it_is_written_elsewhere() -> None:
    text = """{"messages": [{"text": "hello"}], "policy": "SELECTION_POLICY_LLM", "approval_timeout_ms": "5000",
               "options": {"onDetach": "ON_DETACH_CONTINUE"}}"""
    request = codec.from_json(text, requests.RunRequest)
    assert request.messages == (Message("hello", runs.Role.UNSPECIFIED),)
    settings_of_run = request.settings()
    assert settings_of_run["policy"] is experts.SelectionPolicy.LLM
    assert settings_of_run["approval_timeout_ms"] == 5000
    assert settings_of_run["on_detach"] is runs.OnDetach.CONTINUE
    with pytest.raises(InvalidArgumentError, match="tpyo"):
        codec.from_json('{"tpyo": 1}', requests.RunRequest)


@given(VALUES)
def test_every_kind_of_value_comes_back_as_that_kind(value: Value) -> None:
    message = values_pb2.Value.FromString(value_codec.encode_value(value).SerializeToString())
    decoded = value_codec.decode_value(message)
    assert decoded == value
    assert same_kind(decoded, value)


def test_kinds_that_look_alike_stay_apart() -> None:
    assert value_codec.encode_value(True).WhichOneof("kind") == "boolean"
    assert value_codec.encode_value(1).WhichOneof("kind") == "number"
    assert value_codec.encode_value("artifacts/x").WhichOneof("kind") == "text"
    assert value_codec.encode_value(()).WhichOneof("kind") == "list"
    assert value_codec.encode_value(OutputRef("", "")).WhichOneof("kind") == "output"
    assert value_codec.decode_value(value_codec.encode_value(OutputRef("a", "b", 0))) == OutputRef("a", "b", 0)
    assert value_codec.decode_value(value_codec.encode_value(OutputRef("a", "b"))) == OutputRef("a", "b", None)
    assert value_codec.decode_value(value_codec.encode_value(Json(None))) == Json(None)


def test_whole_numbers_of_structured_data_come_back_whole() -> None:
    decoded = value_codec.decode_value(value_codec.encode_value(Json({"box": [3, 2.5, -0.0]})))
    assert repr(decoded) == "Json(data={'box': [3, 2.5, 0]})"


JSON_NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)


@given(st.lists(JSON_NUMBERS, min_size=10, max_size=40), st.integers(0, 40))
def test_long_lists_of_numbers_are_what_protobuf_writes_of_them(numbers: list[float], place: int) -> None:
    for data in (numbers, [*numbers[:place], True, *numbers[place:]], [*numbers, "x"], [[*numbers], {"a": numbers}]):
        message = value_codec.encode_value(Json(data))
        expected = values_pb2.Value()
        json_format.Parse(json.dumps(data), expected.json)
        assert message == expected
        back = value_codec.decode_value(values_pb2.Value.FromString(message.SerializeToString()))
        assert repr(back) == repr(value_codec.decode_value(expected))
        assert back == Json(data)


@pytest.mark.parametrize("wrong", [math.inf, math.nan, 10**400], ids=["infinite", "no number", "too large"])
def test_a_long_list_with_a_number_that_json_does_not_have_is_refused(wrong: float) -> None:
    with pytest.raises(InvalidArgumentError):
        value_codec.encode_value(Json([0.5] * 20 + [wrong]))


def test_text_is_kept_byte_for_byte() -> None:
    text = 'tab\t "both\' quotes" back\\slash\r\n\x00 <|endoftext|> שלום 🎺 e\u0301 \ufeff'
    assert codec.from_json(codec.to_json(Message(text)), Message).text == text
    assert value_codec.decode_value(value_codec.encode_value(text)) == text


def test_a_number_that_is_not_one_survives() -> None:
    decoded = value_codec.decode_value(value_codec.encode_value(math.nan))
    assert isinstance(decoded, float)
    assert math.isnan(decoded)


def test_what_is_absent_is_none_and_what_is_zero_is_zero() -> None:
    started = TaskStarted("t", 1, "hosts/h", "e")
    assert codec.decode(codec.encode(started), TaskStarted).item is None
    assert codec.decode(codec.encode(dataclasses.replace(started, item=0)), TaskStarted).item == 0
    parameter = Parameter("p", ParameterKind.NUMBER, minimum=0.0)
    assert codec.decode(codec.encode(parameter), Parameter) == parameter
    assert codec.decode(runs_pb2.Run(name="runs/a"), Run).plan is None
    assert codec.decode(codec.encode(Run("runs/a", RunKind.FULL, RunState.RUNNING, plan=Plan())), Run).plan == Plan()


def test_the_epoch_is_a_time() -> None:
    run = Run("runs/a", RunKind.FULL, RunState.RUNNING, create_time=datetime.fromtimestamp(0, UTC))
    assert codec.decode(codec.encode(run), Run) == run


def test_enum_numbers_of_a_newer_server_are_unspecified() -> None:
    message = events_pb2.Event(run="runs/a", sequence=1, stage=99, run_finished=events_pb2.RunFinished(state=77))  # type: ignore[arg-type]  # A newer server.
    event = codec.decode(events_pb2.Event.FromString(message.SerializeToString()), Event)
    assert event.stage is Stage.UNSPECIFIED
    assert event.payload == RunFinished(RunState.UNSPECIFIED)


def test_a_payload_of_a_newer_server_is_none() -> None:
    field_500 = bytes([0xA2, 0x1F, 0x00])  # Field 500, of the kind that holds messages, empty.
    message = events_pb2.Event.FromString(events_pb2.Event(run="runs/a", sequence=3).SerializeToString() + field_500)
    event = codec.decode(message, Event)
    assert event == Event("runs/a", 3, None, Stage.UNSPECIFIED, None)  # type: ignore[arg-type]  # A newer server.


def test_fields_of_a_newer_server_are_ignored() -> None:
    message = plans_pb2.Task.FromString(codec.encode(Task("a", "b")).SerializeToString() + bytes([0xA2, 0x1F, 0x00]))
    assert codec.decode(message, Task) == Task("a", "b")


def test_a_message_is_read_as_what_it_is() -> None:
    with pytest.raises(TypeError, match="Task message is no Plan"):
        codec.decode(plans_pb2.Task(), Plan)  # type: ignore[arg-type]  # That is the mistake.


@pytest.mark.parametrize(
    ("item", "field"),
    [
        (Message(LONE), "text"),
        (Message("fine", artifacts=("fine", LONE)), "artifacts"),
        (Task(LONE, "any"), "id"),
        (Task("a", "any", {LONE: "fine"}), "inputs"),
        (Task("a", "any", {"text": LONE}), "text"),
        (Task("a", "any", {"texts": ("fine", (LONE,))}), "text"),
        (Task("a", "any", {"image": ArtifactRef(LONE)}), "artifact"),
        (Task("a", "any", {"text": OutputRef("a", LONE)}), "output"),
        (Task("a", "any", {"data": Json({"deep": [LONE]})}), "json"),
        (Task("a", "any", {"data": Json({LONE: 1})}), "json"),
        (Plan((Task("a", LONE),)), "type"),
        (plans.Error("INTERNAL", "fine", {"key": LONE}), "metadata"),
        (Event("runs/a", 1, None, Stage.PLAN, events.AnswerText(LONE)), "text"),
    ],
    ids=repr,
)
def test_lone_surrogates_are_told_with_their_field(item: Any, field: str) -> None:
    with pytest.raises(InvalidArgumentError, match="surrogates not allowed") as caught:
        codec.encode(item)
    assert caught.value.field == field
    assert caught.value.reason == "INVALID_FIELD"


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (None, "value"),
        (b"bytes", "value"),
        ({"a": 1}, "value"),
        (("fine", None), "value"),
        (10**400, "number"),
        (OutputRef("a", "b", 2**40), "output"),
        (Json(Ellipsis), "json"),
        (Json({1: 2}), "json"),
        (Json([math.nan]), "json"),
        (Json({"score": -math.inf}), "json"),
        (Json(10**400), "json"),
    ],
    ids=repr,
)
def test_what_is_no_value_is_told_with_its_field(value: Any, field: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        value_codec.encode_value(value)
    assert caught.value.field == field


def test_structured_data_that_is_too_deep_for_protobuf() -> None:
    data: Any = 1
    for _ in range(2_000):
        data = [data]
    with pytest.raises(InvalidArgumentError, match=r"json: .*deep"):
        value_codec.encode_value(Json(data))


@pytest.mark.parametrize("wrap", [lambda data: [data], lambda data: {"in": data}], ids=["lists", "objects"])
def test_structured_data_as_deep_as_can_be_sent_can_be_read(wrap: Any) -> None:
    deepest = 0
    data: Any = 1
    for depth in range(100):
        result = TaskResult("a", TaskState.SUCCEEDED, {"data": (Json(data),)})
        event = Event("runs/a", 1, None, Stage.EXECUTE, TaskFinished(result))
        with contextlib.suppress(InvalidArgumentError):
            message = codec.encode(event)
            assert codec.decode(events_pb2.Event.FromString(message.SerializeToString()), Event) == event
            deepest = depth
        data = wrap(data)
    assert 30 <= deepest < 50


def test_a_number_out_of_range_is_told_with_its_field() -> None:
    with pytest.raises(InvalidArgumentError, match="attempt: ") as caught:
        codec.encode(TaskStarted("t", 2**70, "hosts/h", "e"))
    assert caught.value.field == "attempt"


def test_a_value_without_a_kind_is_no_value() -> None:
    with pytest.raises(InvalidArgumentError, match="has no kind"):
        value_codec.decode_value(values_pb2.Value())
    with pytest.raises(InvalidArgumentError, match="has no kind"):
        codec.decode(plans_pb2.TaskResult(outputs={"text": values_pb2.Value()}), TaskResult)


def test_named_values() -> None:
    message = plans_pb2.Task()
    named: dict[str, Value] = {"": 1.0, "texts": ("a", OutputRef("b", "text", 0))}
    value_codec.encode_values(named, message.inputs)
    assert value_codec.decode_values(message.inputs) == named


PLAN_FILE = """
{
  "tasks": [
    {"id": "read", "type": "image-to-text", "inputs": {"image": {"artifact": "attachments/1"}}},
    {"id": "pick", "type": "text-selection", "inputs": {
      "texts": {"list": {"items": [
        {"text": "你好"}, {"output": {"taskId": "read", "output": "text"}},
        {"output": {"task_id": "split", "output": "texts", "index": 0}}
      ]}},
      "criterion": {"text": "longest"}, "strict": {"boolean": true}, "weight": {"number": 2},
      "extra": {"json": {"a": [1, null]}}
    }}
  ]
}
"""


def test_a_plan_file() -> None:
    texts = ("你好", OutputRef("read", "text"), OutputRef("split", "texts", 0))
    inputs: dict[str, Value] = {
        "texts": texts,
        "criterion": "longest",
        "strict": True,
        "weight": 2.0,
        "extra": Json({"a": [1, None]}),
    }
    expected = Plan(
        (Task("read", "image-to-text", {"image": ArtifactRef("attachments/1")}), Task("pick", "text-selection", inputs))
    )
    assert codec.from_json(PLAN_FILE, Plan) == expected
    assert codec.from_json(codec.to_json(expected, indent=2), Plan) == expected
    assert codec.from_json('{"noTaskReason": "It is a greeting."}', Plan) == Plan((), "It is a greeting.")
    assert codec.from_json("{}", Plan) == Plan()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must be an object"),
        ("[]", "must be an object"),
        ("null", "must be an object"),
        ("{", "Failed to load JSON"),
        ('{"tasks": {}}', "tasks"),
        ('{"task": []}', 'no field named "task"'),
        ('{"tasks": [{"id": 3}]}', "id field: expected string"),
        ('{"tasks": [{"id": "a", "inputs": {"text": "plain"}}]}', "inputs"),
        ('{"tasks": [{"id": "a", "inputs": {"x": {}}}]}', "has no kind"),
        ('{"tasks": [{"id": "a", "inputs": {"x": {"text": "a", "number": 1}}}]}', "oneof"),
        ('{"tasks": [{"id": "a", "id": "b"}]}', "duplicate key"),
        ('{"tasks": [{"id": "\\ud800"}]}', "[Ss]urrogate"),
        (f'{{"tasks": [{{"id": "{LONE}"}}]}}', "[Ss]urrogate"),
        ('{"tasks": [{"id": "a", "inputs": {"x": {"json": ' + "[" * 500 + "]" * 500 + "}}}]}", "deep"),
    ],
)
def test_a_plan_file_that_is_none(text: str, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message) as caught:
        codec.from_json(text, Plan)
    assert caught.value.reason == "INVALID_FIELD"


def test_states_read_as_their_names() -> None:
    text = codec.to_json(TaskResult("a", TaskState.SUCCEEDED, {"text": "é"}))
    assert '"TASK_STATE_SUCCEEDED"' in text
    assert "é" in text
