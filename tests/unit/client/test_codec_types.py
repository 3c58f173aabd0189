"""What the type checker knows of the codec; at run time these tests only show that what it knows is so."""

from __future__ import annotations

from typing import assert_type

import pytest

from orchestrion._codec import codec
from orchestrion.experts import Host, SelectionPolicy
from orchestrion.inference import InferPayload, InferText
from orchestrion.plans import Plan, Task
from orchestrion.v1 import assignments_pb2, experts_pb2, model_host_service_pb2, plans_pb2


def test_a_dataclass_becomes_the_message_of_its_name() -> None:
    message = codec.encode(Plan((Task("a", "b"),)))
    assert_type(message, plans_pb2.Plan)
    assert isinstance(message, plans_pb2.Plan)
    hosts = [codec.encode(host) for host in (Host("hosts/a", "127.0.0.1:1"),)]
    assert_type(hosts, list[experts_pb2.Host])
    assert isinstance(hosts[0], experts_pb2.Host)


def test_one_of_several_dataclasses_becomes_one_of_their_messages() -> None:
    payload: InferPayload = InferText("text", "a")
    assert isinstance(codec.encode(payload), model_host_service_pb2.InferText)
    with pytest.raises(TypeError):
        plans_pb2.Plan(tasks=[codec.encode(payload)])  # type: ignore[list-item]  # That is the mistake.


def test_a_message_becomes_the_dataclass_that_is_named() -> None:
    plan = codec.decode(plans_pb2.Plan(no_task_reason="a"), Plan)
    assert_type(plan, Plan)
    assert plan == Plan((), "a")
    assert_type(codec.from_json("{}", Plan), Plan)


def test_an_enum_becomes_the_number_of_its_own_enum() -> None:
    number = codec.encode_enum(SelectionPolicy.LLM)
    assert_type(number, assignments_pb2.SelectionPolicy.ValueType)
    assert number == assignments_pb2.SELECTION_POLICY_LLM


def test_what_has_no_message_is_refused() -> None:
    with pytest.raises(KeyError):
        codec.encode("a plan")  # type: ignore[call-overload]  # That is the mistake.
