"""The fake controller that users test their programs with: it plays its script, and fails on what it did not expect."""

from __future__ import annotations

import doctest
import re
from contextlib import aclosing, closing
from itertools import pairwise

import pytest

import orchestrion.testing
from orchestrion import Approval, ArtifactRef, Client, Plan, Task, TaskResult, TaskState
from orchestrion.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    OutOfRangeError,
    Reason,
    ResourceExhaustedError,
    RunCancelledError,
    UnavailableError,
)
from orchestrion.events import (
    AnswerText,
    ApprovalAwaited,
    PlanApproved,
    RunFinished,
    RunStarted,
    TaskAssigned,
    TaskProgress,
    TaskStarted,
)
from orchestrion.experts import Assignment, Expert, ExpertState, ExpertStatus, Host
from orchestrion.listings import HostRemoved
from orchestrion.refusals import NotDone
from orchestrion.runs import RunKind, RunState
from orchestrion.testing import FakeController

PLAN = Plan((Task("read", "image-to-text", {"image": ArtifactRef("attachments/1")}),))
RESULT = TaskResult("read", TaskState.SUCCEEDED, {"text": "EXIT"})
ASSIGNMENT = Assignment("read", "hosts/one", "rapidocr")
STATUS = ExpertStatus("rapidocr", ExpertState.LOADED, "cpu", 1)
HOST = Host(
    "hosts/one", "x:1", experts=(Expert("rapidocr", "PP-OCR", "engine", ("image-to-text",)),), statuses=(STATUS,)
)


def test_the_example_in_the_documentation_works() -> None:
    outcome = doctest.testmod(orchestrion.testing)
    assert (outcome.failed, outcome.attempted > 3) == (0, True)


def test_a_refusal_brings_what_is_not_done() -> None:
    """Given an error that says which words are not done, the run's plan tells it, and the exception has it."""
    part = NotDone("and mail it", "Nothing here does that.", "read it")
    error = Reason.REQUEST_BEYOND_PLANNER.error("Not that.")
    error.not_done = (part,)
    with FakeController() as fake, fake.client() as client:
        fake.expect("read it and mail it").fail(error)
        with pytest.raises(FailedPreconditionError) as caught:
            client.ask("read it and mail it")
    assert caught.value.not_done == (part,)


def test_an_answer_is_told_as_a_controller_tells_it() -> None:
    with FakeController() as fake, fake.client() as client:
        sound = fake.add(b"RIFF", file_name="speech.wav", media_type="audio/wav")
        expected = fake.expect("Read it.", files=[b"picture"])
        expected.answer("EXIT", plan=PLAN, assignments=[ASSIGNMENT], results=[RESULT], artifacts=[sound])
        answer = client.ask("Read it.", [b"picture"], timeout=60, planner="builtin")
        assert (answer.text, answer.artifacts, answer.plan) == ("EXIT", (sound.name,), PLAN)
        assert answer.results == (RESULT,)
        (received,) = expected.received
        assert (received.text, received.planner) == ("Read it.", "builtin")
        assert received.timeout_s is not None
        assert fake.content(received.attachments[0]) == b"picture"
        run = client.runs.get(answer.run)
        assert (run.state, run.plan, run.answer, run.assignments) == (
            RunState.SUCCEEDED,
            PLAN,
            "EXIT",
            (ASSIGNMENT,),
        )
        assert [run.name for run in client.runs.list().items] == [answer.run]
        log = list(client.runs.watch(answer.run))
        assert all(later.sequence == earlier.sequence + 1 for earlier, later in pairwise(log))
        assert list(client.runs.watch(answer.run, log[-2].sequence)) == log[-1:]
        with pytest.raises(OutOfRangeError):
            list(client.runs.watch(answer.run, 999))
        client.runs.delete(answer.run)
        with pytest.raises(NotFoundError):
            client.runs.get(answer.run)


async def test_both_clients_get_the_same_events_and_each_stage_is_scripted_alone() -> None:
    with FakeController() as fake, fake.client() as client:
        async with fake.async_client() as async_client:
            for kind in (RunKind.PLAN, RunKind.SELECT, RunKind.EXECUTE, RunKind.RESPOND):
                fake.expect(kind=kind).answer("EXIT", plan=PLAN, assignments=[ASSIGNMENT], results=[RESULT]).times(2)
            threads = [
                list(client.plan("?")),
                list(client.select(PLAN)),
                list(client.execute(PLAN, [b"picture"])),
                list(client.respond("?", PLAN, [RESULT])),
            ]
            loop = [
                [event async for event in async_client.plan("?")],
                [event async for event in async_client.select(PLAN)],
                [event async for event in async_client.execute(PLAN, [b"picture"])],
                [event async for event in async_client.respond("?", PLAN, [RESULT])],
            ]
    for one, other in zip(threads, loop, strict=True):
        assert [type(event.payload) for event in one][1:] == [type(event.payload) for event in other][1:]
        assert isinstance(one[-1].payload, RunFinished)
    assert {type(event.payload).__name__ for stage in threads for event in stage} >= {
        "PlanFinished",
        "TaskAssigned",
        "TaskStarted",
        "TaskFinished",
        "AnswerFinished",
    }


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_dropped_connection_is_gone_on_with(after: int) -> None:
    with FakeController() as fake, fake.client() as client:
        fake.expect().answer("EXIT", plan=PLAN, results={"read": {"text": "EXIT"}}).drop(after=after).drop(after=4)
        events = list(client.run("Read it."))
        assert [event.sequence for event in events] == list(range(1, len(events) + 1))
        assert len(fake.runs) == 1


def test_own_events_are_framed_and_progress_is_not_kept() -> None:
    with FakeController() as fake, fake.client() as client:
        fake.expect().events(TaskStarted("a", 1, "hosts/one", "x"), TaskProgress("a", 0.5), AnswerText("yes"))
        events = list(client.run("?"))
        kinds = [RunStarted, TaskStarted, TaskProgress, AnswerText, RunFinished]
        assert [type(event.payload) for event in events] == kinds
        assert [event.sequence for event in events] == [1, 2, 0, 3, 4]


def test_failures_by_reason() -> None:
    with FakeController() as fake, fake.client() as client:
        fake.expect("fail").fail(Reason.NO_EXPERT.error("Nobody can do that."))
        fake.expect("refuse").refuse(Reason.TOO_MANY_RUNS.error("Full.", retry_after_ms=10))
        with pytest.raises(FailedPreconditionError, match="Nobody can do that"):
            client.ask("fail")
        with pytest.raises(ResourceExhaustedError) as caught:
            client.ask("refuse")
        assert caught.value.retry_after_ms == 10
        assert [run.state for run in fake.runs] == [RunState.FAILED]
        fake.fail_next("Upload", Reason.STORAGE_FULL.error("The disk is full."))
        with pytest.raises(ResourceExhaustedError, match="disk is full"):
            client.artifacts.upload(b"x")
        assert client.artifacts.upload(b"x").size_bytes == 1
        with pytest.raises(ValueError, match="Uplaod"):
            fake.fail_next("Uplaod", Reason.STORAGE_FULL.error("x"))


def test_dropped_transfers_and_calls_are_made_good_by_the_client() -> None:
    content = bytes(range(256)) * 4096
    with FakeController(hosts=[HOST]) as fake, fake.client() as client:
        fake.drop_next("Upload", after=1)
        artifact = client.artifacts.upload(content)
        fake.drop_next("Download", after=5)
        fake.drop_next("Download", after=2)
        assert client.artifacts.read(artifact) == content
        fake.drop_next("ListHosts")
        assert client.hosts.list() == (HOST,)
        assert [artifact.name for artifact in client.artifacts.list().items] == [artifact.name]
        client.artifacts.delete(artifact)
        with pytest.raises(NotFoundError):
            client.artifacts.get(artifact.name)
        with pytest.raises(InvalidArgumentError, match="no content"):
            client.artifacts.upload(b"")
    with FakeController() as fake, fake.client(reconnect=0) as client:
        fake.drop_next("ListHosts")
        with pytest.raises(UnavailableError, match="broke off"):
            client.hosts.list()


def test_a_held_run_goes_on_until_it_is_cancelled() -> None:
    with FakeController() as fake, fake.client() as client:
        fake.expect().events(AnswerText("so far")).hold()
        with closing(client.run("?")) as events:
            run = next(events).run
            assert isinstance(next(events).payload, AnswerText)
            with pytest.raises(FailedPreconditionError):
                client.runs.delete(run)
            assert client.runs.cancel(run).state is RunState.CANCELLED
            with pytest.raises(RunCancelledError):
                list(events)


def test_a_run_waits_for_approval_and_the_test_sees_what_was_approved() -> None:
    """Given a program that approves an edited plan, twice by mistake, the script goes on after the first time."""
    with FakeController() as fake, fake.client() as client:
        expected = fake.expect("Read it.").answer("EXIT", plan=PLAN, assignments=[ASSIGNMENT], results=[RESULT])
        edited = PLAN.with_inputs("read", language="de")
        kinds = []
        for event in client.run("Read it.", approval=Approval.REQUIRED):
            kinds.append(type(event.payload))
            if isinstance(event.payload, ApprovalAwaited):
                assert client.runs.get(event.run).state is RunState.AWAITING_APPROVAL
                assert event.payload.plan == PLAN
                assert client.runs.approve(event.run, edited, request_id="mine").state is RunState.SUCCEEDED
                assert client.runs.approve(event.run, edited, request_id="mine").plan == edited
                with pytest.raises(FailedPreconditionError):
                    client.runs.approve(event.run)
        assert kinds[kinds.index(ApprovalAwaited) + 1] is PlanApproved
        assert kinds.index(TaskAssigned) > kinds.index(PlanApproved)
        assert expected.received[0].approval is Approval.REQUIRED
        assert expected.approved == [edited]


def test_a_run_that_waits_for_approval_is_cancelled_as_any_other() -> None:
    with FakeController() as fake, fake.client() as client:
        expected = fake.expect().answer("EXIT", plan=PLAN)
        events = client.run("Read it.", approval=Approval.REQUIRED)
        assert any(isinstance(event.payload, ApprovalAwaited) and client.runs.cancel(event.run) for event in events)
        with pytest.raises(RunCancelledError):
            list(events)
        assert expected.approved == []


async def test_a_held_run_does_not_keep_the_fake_from_ending() -> None:
    with FakeController() as fake:
        fake.expect().hold()
        async with fake.async_client() as client, aclosing(client.run("?")) as events:
            await anext(events)
    with FakeController() as fake:
        fake.expect().hold()
        client_left_open = fake.client(reconnect=0)
        events_left_open = client_left_open.run("?")
        next(events_left_open)
    with pytest.raises(UnavailableError):
        list(events_left_open)
    client_left_open.close()


def test_hosts_and_experts_are_those_that_were_given() -> None:
    with FakeController(hosts=[HOST]) as fake, fake.client() as client:
        assert [listed.expert.id for listed in client.experts.list("image-to-text")] == ["rapidocr"]
        assert client.experts.list("image-to-text")[0].placements[0].host == "hosts/one"
        assert client.experts.list("text-to-speech") == ()
        with closing(client.hosts.watch()) as changes:
            assert next(changes) == HOST
            fake.set_hosts()
            assert next(changes) == HostRemoved("hosts/one")


def test_an_unexpected_request_is_refused_and_fails_the_test() -> None:
    def program() -> None:
        with FakeController() as fake, fake.client() as client:
            fake.expect("Read it.")
            with pytest.raises(FailedPreconditionError, match="Unexpected request"):
                client.ask("Write it.")

    with pytest.raises(AssertionError) as caught:
        program()
    first, second = str(caught.value).splitlines()
    assert first == "Unexpected request: FULL 'Write it.'. Expected: FULL 'Read it.'."
    assert second == "Expected 1 more of: FULL 'Read it.'."


def test_what_was_expected_and_did_not_come_fails_the_test() -> None:
    with pytest.raises(AssertionError, match=r"2 more of: PLAN '\.\*sign'"), FakeController() as fake:
        fake.expect(re.compile(".*sign"), kind=RunKind.PLAN).times(2)
    with pytest.raises(AssertionError, match="call of Upload"), FakeController() as fake:
        fake.drop_next("Upload")


@pytest.mark.parametrize("fits", ["text", "pattern", "files", "matching"])
def test_requests_are_told_apart(fits: str) -> None:
    with FakeController() as fake, fake.client() as client:
        first = {
            "text": lambda: fake.expect("Read the sign."),
            "pattern": lambda: fake.expect(re.compile("sign")),
            "files": lambda: fake.expect(files=[b"sign"]),
            "matching": lambda: fake.expect(matching=lambda received: "sign" in received.text),
        }[fits]().answer("sign")
        fake.expect().answer("other")
        assert client.ask("Read the page.", [b"page"]).text == "other"
        assert client.ask("Read the sign.", [b"sign"]).text == "sign"
        assert len(first.received) == 1


def test_a_failing_test_keeps_its_own_error() -> None:
    def program() -> None:
        with FakeController() as fake:
            fake.expect("Read it.")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        program()
    assert "Expected 1 more of" in caught.value.__notes__[0]


def test_programs_find_it_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeController() as fake:
        monkeypatch.setenv("ORCHESTRION_CONTROLLER", fake.address)
        fake.expect("?").answer("yes")
        with Client() as client:
            assert client.ask("?").text == "yes"
