"""What follows a stream that broke: the next call, and which of its messages are new."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrion._net.resumption import ArtifactBytes, HostChanges, RunEvents
from orchestrion._rpcs import registry
from orchestrion._rpcs.stages import conversation, run
from orchestrion.errors import OrchestrionError, Reason
from orchestrion.events import AnswerText, Event, Payload, RunFinished, RunStarted, Stage, TaskProgress
from orchestrion.experts import Host, HostState
from orchestrion.listings import HostRemoved
from orchestrion.plans import Error
from orchestrion.runs import Artifact, RunKind, RunState
from orchestrion.v1 import artifact_service_pb2 as pb
from orchestrion.v1 import artifacts_pb2

RUN = "runs/abc"
BROKE = Reason.SERVER_UNREACHABLE.error("The connection broke off.")
FAILED = Reason.NO_EXPERT.error("Nobody can.")


def event(sequence: int, payload: Payload) -> Event:
    return Event(RUN, sequence, None, Stage.UNSPECIFIED, payload)


def again(error: OrchestrionError) -> float:
    """A rule that always tries again."""
    return 0.5 if error is BROKE else raise_(error)


def raise_(error: OrchestrionError) -> Any:
    raise error


def test_a_run_is_asked_for_again_until_its_first_event_and_watched_then() -> None:
    start = run(conversation("do it"))
    events = RunEvents(start)
    assert events.ended(BROKE, again) == 0.5
    assert events.rpc is start
    assert start.request.options.request_id  # type: ignore[attr-defined]  # Its method has it.
    events.take(event(1, RunStarted(RunKind.FULL)))
    events.take(event(0, TaskProgress("a")))
    assert events.ended(BROKE, again) == 0.5
    assert (events.rpc.path, events.rpc.request.after_sequence) == (  # type: ignore[attr-defined]  # Its method has it.
        "/orchestrion.v1.RunService/WatchRun",
        1,
    )


def test_two_starts_have_two_request_ids_and_that_of_the_caller_is_kept() -> None:
    one, two, mine = (run(conversation("x"), request_id=request_id).request for request_id in ("", "", "mine"))
    assert one.options.request_id != two.options.request_id  # type: ignore[attr-defined]  # Its method has it.
    assert mine.options.request_id == "mine"  # type: ignore[attr-defined]  # Its method has it.


def test_numbered_events_are_new_once_and_others_always() -> None:
    events = RunEvents(run(conversation("do it")))
    sent: list[tuple[int, Payload]] = [
        (1, RunStarted(RunKind.FULL)),
        (0, TaskProgress("a")),
        (2, AnswerText("x")),
        (2, AnswerText("x")),
    ]
    new_events = [item.sequence for number, payload in sent for item in events.take(event(number, payload))]
    assert new_events == [1, 0, 2]


@pytest.mark.parametrize("raises", [True, False])
@pytest.mark.parametrize("error", [None, BROKE, FAILED])
def test_after_its_last_event_nothing_is_tried_again(raises: bool, error: OrchestrionError | None) -> None:
    events = RunEvents(run(conversation("do it")), raises=raises)
    events.take(event(1, RunFinished(RunState.FAILED, Error.of(FAILED))))
    if raises:
        with pytest.raises(OrchestrionError, match="Nobody can"):
            events.ended(error, again)
    else:
        assert events.ended(error, again) is None


def test_a_run_that_succeeded_is_over_even_when_its_connection_breaks_then() -> None:
    events = RunEvents(run(conversation("do it")))
    events.take(event(1, RunFinished(RunState.SUCCEEDED)))
    assert events.ended(BROKE, again) is None


def test_hosts_that_left_during_a_break_are_removed_and_the_same_is_not_reported_twice() -> None:
    one, two = Host("hosts/one", "x:1"), Host("hosts/two", "x:2")
    changed = Host("hosts/two", "x:2", HostState.DRAINING)
    hosts = HostChanges()
    assert hosts.rpc.path == registry.watch_hosts().path
    assert [*hosts.take(one), *hosts.take(two)] == [one, two]
    assert hosts.ended(BROKE, again) == 0.5
    assert hosts.rpc.path == registry.list_hosts().path
    assert list(hosts.take((changed,))) == [HostRemoved("hosts/one"), changed]
    assert hosts.ended(None, again) == 0
    assert hosts.rpc.path == registry.watch_hosts().path
    assert list(hosts.take(changed)) == []
    assert list(hosts.take(HostRemoved("hosts/two"))) == [HostRemoved("hosts/two")]
    assert hosts.ended(None, again) is None


def test_a_download_goes_on_at_its_offset_and_is_described_once() -> None:
    name = f"artifacts/{'0' * 64}"
    content = ArtifactBytes(name)
    described = pb.DownloadResponse(artifact=artifacts_pb2.Artifact(name=Artifact(name, "", "", 9).name))
    assert list(content.take(described)) == [described]
    content.take(pb.DownloadResponse(chunk=b"12345"))
    assert content.ended(BROKE, again) == 0.5
    assert content.rpc.request.offset_bytes == 5  # type: ignore[attr-defined]  # Its method has it.
    assert list(content.take(described)) == []
    assert content.ended(None, again) is None
