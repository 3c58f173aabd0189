"""Messages of every kind on every method of a real controller and a real host: named errors, and servers that go on.

The seed and the numbers that a failure tells make the same messages again: FUZZ_SEED=18 FUZZ_ONLY=7,34 make test-fuzz.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor

from orchestrion import AsyncClient, OnDetach
from orchestrion._net.transport import channel_options
from orchestrion._processes.supervision import Child
from orchestrion.plans import Plan
from orchestrion.runs import Approval, RunState
from tests.fuzz import calls, damage
from tests.fuzz.calls import Outcome
from tests.fuzz.footprint import MEGABYTE, resident_bytes
from tests.fuzz.messages import MessageMaker, Pools
from tests.rpc.controller.plans import after, wait
from tests.system.processes import Servers, metric, process_of

LONG = bool(os.environ.get("LONG"))
MESSAGES = int(os.environ.get("FUZZ_MESSAGES") or (100_000 if LONG else 20_000))
SEED = os.environ.get("FUZZ_SEED") or (secrets.token_hex(4) if LONG else "18")
ONLY = [int(number) for number in os.environ.get("FUZZ_ONLY", "").split(",") if number]
AT_ONCE = 16
ROUND = 1_000
"""After so many messages the servers are looked at, what still runs is cancelled, and names are made anew."""
NAMES = ("controller", "host")
GROWTH = 1.1, 16 * MEGABYTE
"""How much more memory a process may have in the last quarter than in the second: by a factor, and in bytes on top."""

CALLBACK_BOUNDS_S = ("0.025", "0.05", "0.1", "0.25")
MOST_LONG_CALLBACKS = 0.002
"""Which part of the callbacks may take more than 50 ms: requests as large as may be are decoded in one."""

# They start a program that speaks to the Hub, which takes a second.
SLOW = frozenset({"SearchModels", "AddModel", "PullModel", "ExportModel", "RefreshModels"})
DEEP = frozenset({"Run", "Plan", "Select", "Execute", "Respond", "Infer", "ApprovePlan"})
ENDLESS = frozenset({"Watch", "Advertise", "ServerReflectionInfo"})

FIXED: Pools = {
    "id": ("a", "b", "c", "delay", "text-rules"),
    "task_id": ("a", "b", "c"),
    "type": ("test-delay", "test-delay", "text-selection", "text-classification", "image-to-text", "object-detection"),
    "task_type": ("test-delay", "text-selection", "text-classification"),
    "task_types": ("test-delay", "text-selection"),
    "inputs.key": ("text", "text", "other", "texts", "criterion", "delay_ms", "output_bytes", "operation"),
    "outputs.key": ("text", "artifact", "label"),
    "output": ("text", "artifact", "index", "label"),
    "input": ("text", "texts"),
    "expert_id": ("delay", "delay", "text-rules", "langid", "vader", "no-such-expert"),
    "expert_ids": ("delay", "text-rules", "no-such-expert"),
    "host": ("hosts/one", "hosts/two", "one"),
    "planner": ("", "", "", "", "builtin", "llm"),
    "responder": ("", "", "", "", "builtin", "llm"),
    "licenses": ("Apache-2.0", "MIT", "GPL-3.0-only"),
    "reservation": ("a", "b", "c"),
    "Message.text": ("do it", "which is the longer one?", "count the cats", "hello there", "longest", "Wie heißt du?"),
    "model": ("delay", "nobody/nothing", "folder"),
    "profile": ("starter", "small"),
    "service": ("", "readiness", "orchestrion.v1.RunService"),
    "address": ("127.0.0.1:9", "[::1]:9", "localhost:0"),
    "instance_id": ("one", "two"),
    "facts_digest": ("", "one"),
    "languages": ("en", "de", "zh"),
    "page_token": ("",),
    "request_id": ("", "one", "two"),
    "reason": ("NO_EXPERT", "INTERNAL", "EXPERT_FAILED"),
}
"""What means something to the servers, beside the names that each round brings."""


@dataclass(frozen=True, slots=True)
class Target:
    """A server, and the methods to call, the slow ones seldom."""

    channel: grpc.aio.Channel
    methods: Sequence[MethodDescriptor]


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was sent, by its number, and how that ended."""

    number: int
    method: MethodDescriptor
    contents: Sequence[bytes]
    outcome: Outcome

    def __str__(self) -> str:
        content = b" | ".join(self.contents)
        return f"{self.number} {self.method.name}: {self.outcome.trouble}\n    {len(content)} bytes: {content[:300]!r}"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for all that the servers keep; what asks the Hub meets a port where nobody listens."""
    path = tmp_path_factory.mktemp("fuzz")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HOME", str(path / "hub"))
        patch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
        patch.setenv("ORCHESTRION_HOME", str(path / "home"))
        patch.chdir(path)
        yield path


@pytest.mark.fuzz
@pytest.mark.timeout(3_600)
async def test_no_message_takes_a_server_down_and_every_error_has_a_reason(home: Path) -> None:
    print(f"\nFUZZ_SEED={SEED}")
    with Servers(home) as servers:
        controller = servers.controller()
        host = servers.host("--exports-path", str(home / "exports"))
        started = process_of(controller), process_of(host)
        counts: Counter[str] = Counter()
        troubles: list[Sent] = []
        memory: list[list[int]] = []
        slowest: list[tuple[float, Sent]] = []
        async with AsyncClient(controller.grpc_address) as client, open_channels(controller, host) as channels:
            targets = [Target(channels[0], weighed(calls.controller_methods()))] * 2 + [
                Target(channels[1], weighed(calls.host_methods()))
            ]
            try:
                for first in range(0, MESSAGES, ROUND):
                    numbers = [
                        number for number in range(first, min(first + ROUND, MESSAGES)) if not ONLY or number in ONLY
                    ]
                    pools = {**FIXED, **await names_of_now(client)}
                    for seconds, sent in await send_all(numbers, targets, pools):
                        counts[f"{sent.outcome.code.name} {sent.outcome.reason}".strip()] += 1
                        slowest.append((seconds, sent))
                        if sent.outcome.trouble:
                            troubles.append(sent)
                    slowest = sorted(slowest, key=lambda item: -item[0])[:5]
                    await still_serves(client)
                    memory.append([resident_bytes(process) for process in started])
            finally:
                report(counts, memory, slowest, troubles)
            loops = {name: held(server, name) for name, server in zip(NAMES, (controller, host), strict=True)}
            for name, shares in loops.items():
                print(f"{name}: callbacks of the event loop that took more: {shares}")
        log = (home / "servers.log").read_text()

        assert not troubles
        assert "Traceback" not in log
        assert (process_of(controller), process_of(host)) == started
        assert grown(memory) == []
        for shares in loops.values():
            assert shares["0.05 s"] <= shares["0 s"] * MOST_LONG_CALLBACKS
            assert shares["0.25 s"] == 0


def held(server: Child, name: str) -> dict[str, int]:
    """Counts the callbacks of a server that took more of its event loop's processor time than some bounds."""
    histogram = f"orchestrion_{name}_event_loop_callback_cpu_seconds"
    count = metric(server, f"{histogram}_count")
    above = {f"{bound} s": count - metric(server, f"{histogram}_bucket", le=bound) for bound in CALLBACK_BOUNDS_S}
    # Two looks: a callback may come between them.
    return {"0 s": int(count)} | {bound: max(0, int(number)) for bound, number in above.items()}


def grown(memory: Sequence[Sequence[int]]) -> list[str]:
    """Says which process has more memory in the last quarter of the rounds than it had in the second."""
    quarter = max(1, len(memory) // 4)
    factor, more = GROWTH
    looks = zip(NAMES, zip(*memory, strict=True), strict=True)
    middles = [
        (name, median(column[quarter : 2 * quarter] or column), median(column[-quarter:])) for name, column in looks
    ]
    return [f"{name}: {before:,} → {after:,}" for name, before, after in middles if after > before * factor + more]


class open_channels:
    """The channels to both servers, open within the block."""

    def __init__(self, *servers: Child) -> None:
        self._channels = [grpc.aio.insecure_channel(server.grpc_address, channel_options()) for server in servers]

    async def __aenter__(self) -> Sequence[grpc.aio.Channel]:
        return self._channels

    async def __aexit__(self, *_: object) -> None:
        for channel in self._channels:
            await channel.close()


def weighed(methods: Sequence[MethodDescriptor]) -> list[MethodDescriptor]:
    """Returns methods to choose among: those with the most to decide often, the slow ones seldom."""
    return [
        method for method in methods for _ in range(1 if method.name in SLOW else 60 if method.name in DEEP else 20)
    ]


def written(
    number: int, targets: Sequence[Target], pools: Pools
) -> tuple[Target, MethodDescriptor, list[bytes], float]:
    """Makes what the message of a number is, the same whenever it is made, and how long it may take, in seconds."""
    random = Random(f"{SEED}/{number}")
    target = random.choice(targets)
    method = random.choice(target.methods)
    maker = MessageMaker(random, pools)
    contents: list[bytes] = []
    for _ in range(random.randint(1, 4) if method.client_streaming else 1):
        content = maker.make(method.input_type).SerializeToString()
        match random.choices(("whole", "damaged", "noise", "nested"), (14, 4, 1, 1))[0]:
            case "damaged":
                content = damage.damaged(content, random)
            case "noise":
                content = damage.noise(random)
            case "nested":
                content = damage.nested(random)
        contents.append(content)
    return target, method, contents, 0.3 if method.name in ENDLESS else random.choice((0.05, 1.0, 3.0))


async def send_all(numbers: Sequence[int], targets: Sequence[Target], pools: Pools) -> list[tuple[float, Sent]]:
    """Sends messages, some at once, and returns how each ended and how long it took, in seconds."""
    ended: list[tuple[float, Sent]] = []
    left = iter(numbers)

    async def send() -> None:
        for number in left:
            target, method, contents, timeout_s = written(number, targets, pools)
            begin = time.perf_counter()
            outcome = await calls.call(target.channel, method, contents, timeout_s)
            ended.append((time.perf_counter() - begin, Sent(number, method, contents, outcome)))

    await asyncio.gather(*(send() for _ in range(AT_ONCE)))
    return ended


async def names_of_now(client: AsyncClient) -> Mapping[str, Sequence[str]]:
    """Makes runs and an artifact, and returns their names as the texts of the fields in which they mean something."""
    answer = await client.ask("do it", plan=Plan((wait("a"), wait("b", after("a")))))
    going = client.run("wait", plan=Plan((wait("a", delay_ms=60_000),)), on_detach=OnDetach.CONTINUE)
    async with aclosing(going):
        first = await anext(going)
    asking = client.run("wait", plan=Plan((wait("a"),)), approval=Approval.REQUIRED, on_detach=OnDetach.CONTINUE)
    async with aclosing(asking):
        waiting = await anext(asking)
    artifact = await client.artifacts.upload(b"some text", media_type="text/plain", file_name="notes.txt")
    runs = [answer.run, first.run]
    return {
        "name": ["one", "text", "test-delay"],
        **{
            f"{message}.name": runs
            for message in ("GetRunRequest", "WatchRunRequest", "CancelRunRequest", "DeleteRunRequest")
        },
        "ApprovePlanRequest.name": [*runs, waiting.run, waiting.run],
        **{
            f"{message}.name": [artifact.name]
            for message in ("GetArtifactRequest", "DownloadRequest", "DeleteArtifactRequest")
        },
        "HostReport.name": ["hosts/one", "hosts/two", "hosts/three"],
        "previous_run": ["", *runs],
        "run": runs,
        "artifacts": [artifact.name],
        "artifact": [artifact.name, "attachments/1"],
        "attachments": [artifact.name],
    }


async def still_serves(client: AsyncClient) -> None:
    """Cancels what still runs, and has the servers do good work."""
    for run in (await client.runs.list(1_000)).items:
        if run.state in (RunState.RUNNING, RunState.AWAITING_APPROVAL):
            await client.runs.cancel(run.name)
    answer = await client.ask("do it", plan=Plan((wait("task", "still here"),)), timeout=30)
    assert answer.results[0].outputs == {"text": "still here"}


def report(
    counts: Mapping[str, int],
    memory: Sequence[Sequence[int]],
    slowest: Sequence[tuple[float, Sent]],
    troubles: Sequence[Sent],
) -> None:
    """Prints what came of it all."""
    for what, count in sorted(counts.items(), key=lambda item: -item[1]):
        print(f"{count:8} {what}")
    for name, column in zip(NAMES, zip(*memory, strict=True), strict=False):
        print(f"{name}: {' '.join(str(value // MEGABYTE) for value in column)} MiB")
    for seconds, sent in slowest:
        print(f"{seconds:.1f} s: {sent.number} {sent.method.name} {sent.outcome.code.name}")
    print(f"{len(troubles)} troubles")
    for sent in troubles[:40]:
        print(sent)
