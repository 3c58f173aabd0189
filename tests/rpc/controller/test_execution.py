"""How plans are carried out: order, parallelism, fan-out, alternatives, and what a failure does to the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from orchestrion import AsyncClient
from orchestrion.errors import FailedPreconditionError, InvalidArgumentError, Reason
from orchestrion.events import AttemptFailed, PlanFinished, TaskAssigned, TaskProgress, TaskStarted
from orchestrion.experts import Assignment
from orchestrion.plans import Parameter, ParameterKind, Plan, Task, TaskResult, TaskState, TaskType
from orchestrion.values import OutputRef, Value
from tests.rpc.controller.conftest import StartController, StartHost
from tests.rpc.controller.plans import CHAIN, DIAMOND, after, collect, payloads, results, wait
from tests.rpc.controller.scripted_host import ScriptedHost, echo


async def test_a_plan_that_was_given_is_told_to_whoever_watches_or_gets_the_run(
    client: AsyncClient, start_host: StartHost
) -> None:
    await start_host()
    events = await collect(client.execute(CHAIN))
    assert [payload.plan for payload in payloads(events, PlanFinished)] == [CHAIN]
    assert (await client.runs.get(events[0].run)).plan == CHAIN


async def test_a_chain_hands_each_output_to_the_next_task_byte_for_byte(
    client: AsyncClient, start_host: StartHost
) -> None:
    host = await start_host()
    text = "tab\t'single' \"double\" back\\slash <|endoftext|> \u202bעברית\u202c 🎹\r\n\0 end "
    plan = Plan((wait("first", text), wait("second", after("first"))))

    result = results(await collect(client.execute(plan)))

    assert result["second"].outputs == {"text": text}
    assert [inputs["text"] for _, inputs in host.calls] == [text, text]


async def test_branches_run_at_the_same_time_and_the_join_waits_for_both(
    client: AsyncClient, start_host: StartHost
) -> None:
    both_there = asyncio.Barrier(2)

    async def meet(inputs: Mapping[str, Value]) -> Mapping[str, Value]:
        if inputs["text"] == "branch" and "other" not in inputs:
            await both_there.wait()  # Only passes when both branches are here at once.
        return {"text": "branch" if inputs["text"] == "top" else inputs["text"]}

    await start_host(meet=meet)
    plan = Plan(
        (
            wait("top", "top"),
            wait("left", after("top")),
            wait("right", after("top")),
            wait("end", after("left"), other=after("right")),
        )
    )

    output = results(await collect(client.execute(plan)))

    assert {task_id: result.state for task_id, result in output.items()} == dict.fromkeys(
        ("top", "left", "right", "end"), TaskState.SUCCEEDED
    )
    assert next(iter(output)) == "top"
    assert list(output)[-1] == "end"


async def test_a_list_unfolds_into_one_call_an_item_and_folds_back_in_order(
    client: AsyncClient, start_host: StartHost
) -> None:
    async def later_items_are_faster(inputs: Mapping[str, Value]) -> Mapping[str, Value]:
        await asyncio.sleep(0.05 if inputs["text"] == "a" else 0.0)
        return {"text": str(inputs["text"]).upper()}

    await start_host(shout=later_items_are_faster)
    plan = Plan((wait("many", ("a", "b", "c")), wait("one", OutputRef("many", "text", 1))))

    events = await collect(client.execute(plan))

    assert results(events)["many"].outputs == {"text": ("A", "B", "C")}
    assert results(events)["one"].outputs == {"text": "B"}
    started = [payload for payload in payloads(events, TaskStarted) if payload.task_id == "many"]
    assert [(payload.item, payload.item_count) for payload in started] == [(0, 3), (1, 3), (2, 3)]
    done = [(payload.item, payload.fraction) for payload in payloads(events, TaskProgress) if payload.message == "done"]
    assert sorted(done) == [(0, 1.0), (1, 1.0), (2, 1.0)]


async def test_an_empty_list_makes_no_call_and_gives_an_empty_list(client: AsyncClient, start_host: StartHost) -> None:
    host = await start_host()

    result = results(await collect(client.execute(Plan((wait("none", ()),)))))

    assert result["none"].outputs["text"] == ()
    assert host.calls == []


async def test_no_more_calls_go_on_at_once_than_the_host_wants(client: AsyncClient, start_host: StartHost) -> None:
    async def slow(inputs: Mapping[str, Value]) -> Mapping[str, Value]:
        await asyncio.sleep(0.01)
        return {"text": inputs["text"]}

    host = await start_host(calls_at_once=3, slow=slow)

    await collect(client.execute(Plan((wait("many", tuple(map(str, range(20)))),))))

    assert len(host.calls) == 20
    assert host.most_going == 3


async def test_a_failed_attempt_moves_to_the_next_expert(client: AsyncClient, start_host: StartHost) -> None:
    async def broken(inputs: Mapping[str, Value]) -> Mapping[str, Value]:
        raise Reason.EXPERT_FAILED.error("It is broken.")

    host = await start_host(a_broken=broken, b_sound=echo)

    events = await collect(client.execute(Plan((wait("task"),))))

    assert results(events)["task"].state is TaskState.SUCCEEDED
    assert [expert for expert, _ in host.calls] == ["a_broken", "b_sound"]
    failed = payloads(events, AttemptFailed)
    assert [(payload.expert_id, payload.error.reason, payload.retried) for payload in failed] == [
        ("a_broken", "EXPERT_FAILED", True)
    ]


async def test_the_same_expert_is_tried_again_when_its_worker_crashed(
    client: AsyncClient, start_host: StartHost
) -> None:
    crashes = iter([True, False])

    async def crash_once(inputs: Mapping[str, Value]) -> Mapping[str, Value]:
        if next(crashes):
            raise Reason.WORKER_CRASHED.error("Its worker died.")
        return {"text": inputs["text"]}

    await start_host(fragile=crash_once)

    result = results(await collect(client.execute(Plan((wait("task"),)))))

    assert result["task"].state is TaskState.SUCCEEDED


async def test_wrong_input_is_not_tried_again_and_skips_what_depends_on_it(
    client: AsyncClient, start_host: StartHost
) -> None:
    async def picky(inputs: Mapping[str, Value]) -> Mapping[str, Value]:
        if inputs["text"] == "bad":
            raise Reason.INVALID_INPUT.error("inputs.text: not this.", field="inputs.text")
        return {"text": inputs["text"]}

    host = await start_host(picky=picky)
    plan = Plan((wait("bad", "bad"), wait("next", after("bad")), wait("other", "good")))

    result = results(await collect(client.execute(plan)))

    assert result["bad"].state is TaskState.FAILED
    assert result["bad"].error is not None
    assert result["bad"].error.metadata["field"] == "inputs.text"
    assert result["next"].state is TaskState.SKIPPED
    assert result["other"].state is TaskState.SUCCEEDED
    assert len(host.calls) == 2


async def test_results_that_are_there_are_not_computed_again(client: AsyncClient, start_host: StartHost) -> None:
    host = await start_host()
    expected = TaskResult("first", TaskState.SUCCEEDED, {"text": "known"})

    result = results(await collect(client.execute(CHAIN, results=[expected])))

    assert result["third"].outputs == {"text": "known"}
    assert [inputs["text"] for _, inputs in host.calls] == ["known", "known"]


async def test_an_assignment_of_the_caller_is_kept(client: AsyncClient, start_host: StartHost) -> None:
    host = await start_host(one=echo, two=echo)
    chosen = Assignment("task", "hosts/one", "two")

    events = await collect(client.execute(Plan((wait("task"),)), assignments=[chosen]))

    assert payloads(events, TaskAssigned) == []
    assert [expert for expert, _ in host.calls] == ["two"]


async def test_a_whole_run_keeps_the_assignments_that_its_caller_made_and_makes_the_others(
    client: AsyncClient, start_host: StartHost
) -> None:
    host = await start_host(one=echo, two=echo)
    (usual,) = await client.check_plan(Plan((wait("task"),)))
    other = next(candidate.expert_id for candidate in usual.candidates if candidate.expert_id != usual.expert_id)
    chosen = Assignment("second", "hosts/one", other)

    answer = await client.ask("do it", plan=CHAIN, assignments=[chosen])

    assert [expert for expert, _ in host.calls] == [usual.expert_id, other, usual.expert_id]
    assert answer.text


@pytest.mark.parametrize(("plan", "fault"), [(None, "they need a plan"), (CHAIN, "the plan has no task 'fourth'")])
async def test_an_assignment_for_a_task_that_is_not_there_is_refused(
    plan: Plan | None, fault: str, client: AsyncClient, start_host: StartHost
) -> None:
    await start_host()
    with pytest.raises(InvalidArgumentError, match=fault) as refused:
        await client.ask("do it", plan=plan, assignments=[Assignment("fourth", "hosts/one", "echo")])
    assert (refused.value.reason, refused.value.field) == (Reason.PLAN_INVALID.name, "assignments")


async def test_experts_that_are_not_loaded_are_claimed_before_their_inputs_exist(
    client: AsyncClient, start_host: StartHost
) -> None:
    from orchestrion.experts import ExpertState

    host = await start_host()
    host.state = ExpertState.LOADABLE
    await host.report()

    await collect(client.execute(DIAMOND))

    assert sorted(reservation.split(".")[1] for reservation in host.reserved) == ["end", "left", "right"]


async def test_progress_is_told_but_not_kept(client: AsyncClient, start_host: StartHost) -> None:
    await start_host()

    events = await collect(client.execute(Plan((wait("task"),))))
    again = await collect(client.runs.watch(events[0].run))

    assert [payload.message for payload in payloads(events, TaskProgress)] == ["thinking"]
    assert payloads(again, TaskProgress) == []
    assert [event.sequence for event in again] == list(range(1, len(again) + 1))


async def test_without_a_host_the_run_fails_and_names_the_cure(client: AsyncClient) -> None:
    with pytest.raises(FailedPreconditionError, match="orchestrion up") as caught:
        await collect(client.execute(Plan((wait("task"),))))
    assert caught.value.reason == "NO_EXPERT"
    assert caught.value.metadata["task_id"] == "task"


async def test_an_expert_larger_than_every_device_is_named_with_its_size(
    client: AsyncClient, start_host: StartHost
) -> None:
    host = await start_host()
    host.memory_bytes = 1 << 40
    await host.report()

    with pytest.raises(FailedPreconditionError) as caught:
        await collect(client.execute(Plan((wait("task"),))))

    assert caught.value.reason == "EXPERT_TOO_LARGE"
    assert caught.value.metadata["needed_bytes"] == str(1 << 40)


@pytest.mark.parametrize(
    ("tasks", "reason", "field"),
    [
        ([Task("a", "fly-me-to-the-moon", {})], "UNKNOWN_TASK_TYPE", "plan.tasks[0].type"),
        ([wait("a", after("b")), wait("b", after("a"))], "PLAN_CYCLE", None),
        ([wait("a", after("nobody"))], "UNKNOWN_REFERENCE", "plan.tasks[0].inputs.text"),
        ([wait("a"), wait("b", OutputRef("a", "smell"))], "UNKNOWN_REFERENCE", "plan.tasks[1].inputs.text"),
        ([wait("a"), wait("a")], "DUPLICATE_TASK_ID", "plan.tasks[1].id"),
        ([Task("a", "test-delay", {})], "MISSING_INPUT", "plan.tasks[0].inputs.text"),
        ([wait("a", 7.0)], "ILL_TYPED_INPUT", "plan.tasks[0].inputs.text"),
        ([wait("a", "x", colour="red")], "UNKNOWN_INPUT", "plan.tasks[0].inputs.colour"),
    ],
)
async def test_a_plan_that_breaks_a_rule_starts_nothing_and_names_the_place(
    client: AsyncClient, start_host: StartHost, tasks: list[Task], reason: str, field: str | None
) -> None:
    host = await start_host()

    with pytest.raises(InvalidArgumentError) as caught:
        await collect(client.execute(Plan(tuple(tasks))))

    assert caught.value.reason == reason
    if field is not None:
        assert caught.value.field == field
    assert host.calls == []
    assert results(await collect(client.execute(Plan((wait("after"),)))))["after"].succeeded


async def test_items_of_a_list_wait_until_few_enough_are_with_hosts(start_controller: StartController) -> None:
    controller = await start_controller(max_open_calls=2)
    open_now, most = 0, 0

    async def watched(inputs: Mapping[str, Value]) -> Mapping[str, Value]:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        await asyncio.sleep(0.01)
        open_now -= 1
        return {"text": inputs["text"]}

    async with AsyncClient(f"127.0.0.1:{controller.grpc_port}") as client:
        host = ScriptedHost("one", client.address, {"watched": watched})
        await host.start()
        texts = tuple(map(str, range(9)))

        output = results(await collect(client.execute(Plan((wait("many", texts), wait("others", texts))))))

        assert [output[task_id].outputs for task_id in ("many", "others")] == [{"text": texts}] * 2
        assert most == 2
        await host.stop()


async def test_lists_that_multiply_are_refused_before_the_first_call(start_controller: StartController) -> None:
    controller = await start_controller(max_run_calls=10)
    async with AsyncClient(f"127.0.0.1:{controller.grpc_port}") as client:
        host = ScriptedHost("one", client.address, {"echo": echo})
        await host.start()
        crosswise = Plan((wait("source", tuple("abcdef")), *(wait(f"t{n}", after("source")) for n in range(3))))

        for events in (client.execute(crosswise), client.run("Go.", plan=crosswise)):
            with pytest.raises(
                InvalidArgumentError, match=r"all tasks of the run 24; max_run_calls allows 10"
            ) as caught:
                await collect(events)
            assert caught.value.reason == "TOO_MANY_CALLS"

        assert host.calls == []
        await host.stop()


async def test_lists_that_multiply_once_they_are_there_fail_before_the_first_of_their_calls(
    start_controller: StartController,
) -> None:
    async def split(inputs: Mapping[str, Value]) -> Mapping[str, Value]:
        return {"words": tuple(str(inputs["text"]).split())}

    controller = await start_controller(max_run_calls=10)
    async with AsyncClient(f"127.0.0.1:{controller.grpc_port}") as client:
        host = ScriptedHost("one", client.address, {"split": split, "echo": echo})
        text = Parameter("text", ParameterKind.TEXT)
        host.task_types = (
            TaskType("test-split", "Splits.", (text,), (Parameter("words", ParameterKind.TEXT, repeated=True),)),
        )
        host.facts = {"split": {"task_types": ("test-split",)}}
        await host.start()
        words = OutputRef("source", "words")
        plan = Plan(
            (Task("source", "test-split", {"text": "a b c d"}), *(wait(f"t{n}", words) for n in range(3)), wait("t3"))
        )

        output = results(await collect(client.execute(plan)))

        # Of the words nothing is known at first: four for each of three, the one that makes them, and one more.
        for task_id in ("t0", "t1", "t2"):
            error = output[task_id].error
            assert error is not None
            assert (error.reason, error.metadata["task_id"]) == ("TOO_MANY_CALLS", task_id)
            assert "makes 4 calls of experts, and all tasks of the run 14; max_run_calls allows 10" in error.message
        assert sorted(expert for expert, _ in host.calls) == ["echo", "split"]
        await host.stop()


async def test_what_references_make_too_large_for_one_call_is_never_built(start_controller: StartController) -> None:
    controller = await start_controller(max_request_parts=80)
    async with AsyncClient(f"127.0.0.1:{controller.grpc_port}") as client:
        host = ScriptedHost("one", client.address, {"echo": echo, "join": echo})
        texts = Parameter("text", ParameterKind.TEXT, repeated=True)
        host.task_types = (TaskType("test-join", "Joins.", (texts,), (Parameter("text", ParameterKind.TEXT),)),)
        host.facts = {"join": {"task_types": ("test-join",)}}
        await host.start()
        plan = Plan((wait("source", tuple("abcdefgh")), Task("join", "test-join", {"text": (after("source"),) * 20})))

        output = results(await collect(client.execute(plan)))

        assert output["source"].succeeded
        error = output["join"].error
        assert error is not None
        assert (error.reason, error.metadata["task_id"]) == ("REQUEST_TOO_LARGE", "join")
        assert "have 181 parts, and max_request_parts allows 80" in error.message
        assert [expert for expert, _ in host.calls] == ["echo"] * 8
        await host.stop()


async def test_outputs_too_large_for_one_event_fail_their_task_with_a_named_error_and_the_stream_goes_on(
    start_controller: StartController,
) -> None:
    controller = await start_controller(max_result_bytes=1_000, max_result_parts=50)
    async with AsyncClient(f"127.0.0.1:{controller.grpc_port}") as client:
        host = ScriptedHost("one", client.address, {"echo": echo})
        await host.start()
        plan = Plan(
            (
                wait("fits", "x" * 1_000),
                wait("long", "x" * 1_001),
                wait("items", ("x" * 300,) * 8),
                wait("many", ("x",) * 60),
                wait("after", after("long")),
            )
        )

        output = results(await collect(client.execute(plan)))

        assert output["fits"].succeeded
        assert output["after"].state is TaskState.SKIPPED
        for task_id, message in (
            ("long", "Task 'long': the outputs have 1,001 bytes or more, and max_result_bytes allows 1,000"),
            ("items", "Task 'items': the outputs have 1,200 bytes or more, and max_result_bytes allows 1,000"),
            ("many", "Task 'many': the outputs have 51 parts or more, and max_result_parts allows 50"),
        ):
            error = output[task_id].error
            assert error is not None
            assert (error.reason, error.metadata["task_id"]) == ("RESULT_TOO_LARGE", task_id)
            assert message in error.message
        await host.stop()
