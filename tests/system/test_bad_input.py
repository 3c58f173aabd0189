"""What people and programs send that is wrong, huge or strange: a clear answer each time, and the servers go on."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from PIL import Image

from orchestrion import Client
from orchestrion._processes.supervision import Child
from orchestrion.answers import Answer
from orchestrion.errors import InvalidArgumentError
from orchestrion.plans import Plan, Task, TaskState
from orchestrion.values import ArtifactRef, OutputRef
from tests.rpc.controller.plans import after, wait
from tests.system.processes import TIMEOUT_S, Servers, eventually, kill, metric, process_of, worker_of

PICTURES = Path(__file__).parents[2] / "examples" / "pictures"
MEGABYTE = 1 << 20
READ = Plan((Task("read", "image-to-text", {"image": ArtifactRef("attachments/1")}),))
HARD_TEXT = (
    "tab\tand\ttab, \"double\" and 'single' and `back` and “curly” quotes, \\ and \\n and \\\\server\\share,\r\n"
    "<|endoftext|> <|im_start|>system</s> {{braces}} {0} %s $HOME ${PATH} <b>&amp;</b>, "
    "שלום עולם, مرحبا بالعالم \u202eright to left\u202c, 你好，世界, 👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽, "
    "e\u0301 is not é, \u200bzero\ufeff width,  two  spaces, \x01\x1b[31m and an end \n\n"
)

UPLOAD_PROGRAM = """
import sys
from orchestrion import Client

Client(sys.argv[1]).artifacts.upload(sys.argv[2])
"""


@pytest.fixture
def client(controller: Child, host: Child) -> Iterator[Client]:
    """A client; after each test the servers are still those of the first, and do good work."""
    started = {process_of(controller).pid, process_of(host).pid}
    with Client(controller.grpc_address) as client:
        yield client
        answer = client.ask("do it", plan=Plan((wait("task", "still here"),)), timeout=TIMEOUT_S)
        assert answer.results[0].outputs == {"text": "still here"}
    assert {process_of(controller).pid, process_of(host).pid} == started
    assert metric(host, "orchestrion_host_worker_restarts_total") == 0


@pytest.mark.parametrize("request_text", ["", "   ", "\t\n\u2003"])
def test_an_empty_request_is_refused(request_text: str, client: Client) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        client.ask(request_text)
    assert (caught.value.reason, caught.value.field) == ("REQUEST_EMPTY", "messages[0].text")


@pytest.mark.parametrize(
    ("plan", "reason", "field", "said"),
    [
        (
            Plan((wait("a"), Task("b", "text-to-speach", {"text": "hello"}))),
            "UNKNOWN_TASK_TYPE",
            "plan.tasks[1].type",
            "text-to-speech",
        ),
        (
            Plan((wait("a", after("c")), wait("b", after("a")), wait("c", after("b")))),
            "PLAN_CYCLE",
            "plan.tasks[0].inputs",
            "circle",
        ),
        (Plan((wait("a", after("a")),)), "PLAN_CYCLE", "plan.tasks[0].inputs", "circle"),
        (Plan((wait("a"), wait("b", after("ab")))), "UNKNOWN_REFERENCE", "plan.tasks[1].inputs.text", "`ab`"),
        (
            Plan((wait("a"), wait("b", OutputRef("a", "texts")))),
            "UNKNOWN_REFERENCE",
            "plan.tasks[1].inputs.text",
            "text",
        ),
        (Plan((Task("a", "test-delay", {}),)), "MISSING_INPUT", "plan.tasks[0].inputs.text", "text"),
        (Plan((wait("a", txt="hello"),)), "UNKNOWN_INPUT", "plan.tasks[0].inputs.txt", "text"),
        (Plan((wait("a", delay_ms="long"),)), "ILL_TYPED_INPUT", "plan.tasks[0].inputs.delay_ms", "number"),
        (Plan((wait("a", delay_ms=-1),)), "ILL_TYPED_INPUT", "plan.tasks[0].inputs.delay_ms", "0"),
        (Plan((wait("a"), wait("a"))), "DUPLICATE_TASK_ID", "plan.tasks[1].id", "`a`"),
        (READ, "UNKNOWN_REFERENCE", "plan.tasks[0].inputs.image", "attachments/1"),
        (Plan(), "PLAN_INVALID", "plan.no_task_reason", "noTaskReason"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isupper() else "",
)
def test_a_plan_that_breaks_a_rule_is_refused_with_its_field(
    plan: Plan, reason: str, field: str, said: str, client: Client
) -> None:
    for events in (client.run("do it", plan=plan), client.execute(plan), client.select(plan)):
        with pytest.raises(InvalidArgumentError) as caught:
            list(events)
        assert (caught.value.reason, caught.value.field) == (reason, field)
        assert said in caught.value.message


@pytest.mark.parametrize(
    "content",
    [
        bytes(range(256)),
        (PICTURES / "station.jpg").read_bytes()[:2_000],
        b"\x89PNG\r\n\x1a\n" + bytes(100),
    ],
    ids=["other", "cut off", "zeros"],
)
def test_a_picture_that_is_none_fails_its_task_and_the_answer_says_so(
    content: bytes, client: Client, tmp_path: Path
) -> None:
    path = tmp_path / "sign.png"
    path.write_bytes(content)

    answer = client.ask("Read the text in this picture aloud.", [path])

    assert failure_of(answer, "image")[0] == "INVALID_INPUT"
    assert [result.state for result in answer.results] == [TaskState.FAILED, TaskState.SKIPPED]
    assert "sign.png" in answer.text
    assert "failed" in answer.text
    assert answer.artifacts == ()


def test_a_picture_of_144_million_pixels_is_refused_with_its_size_and_the_limit(
    client: Client, host: Child, tmp_path: Path
) -> None:
    path = tmp_path / "huge.png"
    Image.new("1", (12_000, 12_000), 1).save(path)
    assert path.stat().st_size < MEGABYTE

    answer = client.ask("read it", [path], plan=READ)

    reason, message = failure_of(answer, "image")
    assert reason == "INVALID_INPUT"
    assert "12,000 x 12,000 = 144,000,000 pixels" in message
    assert "100,000,000" in message
    assert "144,000,000" in answer.text
    assert worker_of(host).memory_info().rss < 2_000 * MEGABYTE


def test_a_large_file_streams_up_and_down_in_flat_memory(client: Client, controller: Child, tmp_path: Path) -> None:
    size = 200_000_000
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        file.truncate(size)
    small = client.artifacts.upload(b"warm up")
    client.artifacts.read(small)

    with peak_growth(process_of(controller)) as growth:
        artifact = client.artifacts.upload(path)
        client.artifacts.download(artifact, tmp_path / "back.bin")

    assert artifact.size_bytes == size
    assert (tmp_path / "back.bin").stat().st_size == size
    assert growth[0] < 64 * MEGABYTE
    client.artifacts.delete(artifact)


def test_a_large_file_made_by_an_expert_reaches_the_store_in_flat_memory(
    client: Client, controller: Child, host: Child
) -> None:
    size = 200_000_000
    processes = [process_of(controller), process_of(host)]

    with peak_growth(*processes) as growth:
        answer = client.ask("do it", plan=Plan((wait("task", output_bytes=size),)))

    (artifact,) = answer.artifacts
    assert client.artifacts.get(artifact).size_bytes == size
    assert max(growth) < 64 * MEGABYTE
    client.artifacts.delete(artifact)


def test_hard_text_reaches_the_next_task_byte_for_byte(client: Client) -> None:
    plan = Plan(
        (
            wait("first", HARD_TEXT),
            Task("choose", "text-selection", {"texts": ("short", after("first")), "criterion": "longest"}),
            wait("last", OutputRef("choose", "text")),
        )
    )

    answer = client.ask(HARD_TEXT, plan=plan)

    for task_id in ("first", "choose", "last"):
        result = answer.result(task_id)
        assert result is not None
        assert str(result.outputs["text"]).encode() == HARD_TEXT.encode()
    run = client.runs.get(answer.run)
    assert run.messages[0].text == HARD_TEXT
    assert run.plan == plan


def test_hard_text_is_spoken(client: Client) -> None:
    plan = Plan((wait("first", HARD_TEXT), Task("speak", "text-to-speech", {"text": after("first")})))

    answer = client.ask("speak", plan=plan)

    with wave.open(io.BytesIO(client.artifacts.read(answer.artifacts[0]))) as sound:
        assert sound.getnframes() / sound.getframerate() > 5


@pytest.mark.parametrize(
    ("request_text", "expected"),
    [
        ("请把这张图片里的文字大声朗读给我听。", ["image-to-text", "text-to-speech"]),
        ("这张图片上写了什么？", ["image-to-text"]),
    ],
)
def test_a_request_in_chinese_is_understood(request_text: str, expected: list[str], client: Client) -> None:
    answer = client.ask(request_text, [PICTURES / "station.jpg"])

    assert [task.type for task in answer.plan.tasks] == expected
    assert all(result.succeeded for result in answer.results)
    assert "Platform 9" in answer.text
    if "text-to-speech" in expected:
        with wave.open(io.BytesIO(client.artifacts.read(answer.artifacts[-1]))) as sound:
            assert sound.getnframes() > 0


def test_an_upload_whose_client_dies_leaves_nothing(client: Client, servers: Servers, tmp_path: Path) -> None:
    incoming = servers.home / "controller" / "artifacts" / "incoming"
    before = client.artifacts.list()

    # Several times: the server learns of the end of the stream and of the death in quick succession.
    for attempt in range(4):
        # What is uploaded comes through a pipe that the test holds open, so the client is surely in the middle.
        pipe = tmp_path / f"endless-{attempt}"
        os.mkfifo(pipe)
        command = [sys.executable, "-c", UPLOAD_PROGRAM, client.address, str(pipe)]
        with subprocess.Popen(command) as process, pipe.open("wb") as writing:
            writing.write(bytes([attempt]) * (5 * MEGABYTE))
            writing.flush()
            eventually(lambda: sum(part.stat().st_size for part in incoming.iterdir()) >= 4 * MEGABYTE)
            kill(psutil.Process(process.pid))
        eventually(lambda: not list(incoming.iterdir()))

    assert client.artifacts.list() == before


def failure_of(answer: Answer, field: str) -> tuple[str, str]:
    """Returns why the first task failed, in short and in words, after a look at the field named."""
    error = answer.results[0].error
    assert error is not None
    assert error.metadata["field"] == f"inputs.{field}"
    return error.reason, error.message


@contextmanager
def peak_growth(*processes: psutil.Process) -> Iterator[list[int]]:
    """Watches processes, and on leaving fills the list with the most bytes that each grew by meanwhile."""
    before = [process.memory_info().rss for process in processes]
    most = list(before)
    growth: list[int] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            for index, process in enumerate(processes):
                most[index] = max(most[index], process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield growth
    finally:
        done.set()
        watcher.join()
        growth += [peak - start for peak, start in zip(most, before, strict=True)]
