"""Text files for texts: attached, uploaded in any encoding, read when the task starts, and never written to the log."""

from __future__ import annotations

import pytest

from orchestrion import AsyncClient
from orchestrion.errors import InvalidArgumentError
from orchestrion.events import TaskPlanned
from orchestrion.plans import Parameter, ParameterKind, Plan, TaskState, TaskType
from orchestrion.runs import Message
from orchestrion.values import ArtifactRef
from orchestrion_controller.executor import texts
from tests.rpc.controller.conftest import StartHost
from tests.rpc.controller.plans import after, collect, payloads, results, wait

PAGE = "Der Zug nach Süden fährt um zehn Uhr. 🎹\n" * 1_200
"""Some 50 kB."""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
async def test_an_expert_gets_what_the_attached_file_says(
    client: AsyncClient, start_host: StartHost, encoding: str
) -> None:
    host = await start_host()
    file = await client.artifacts.upload(PAGE.encode(encoding), file_name="notes.txt")
    plan = Plan((wait("first", ArtifactRef("attachments/1")), wait("second", after("first"))))

    events = await collect(client.run(Message("say it", artifacts=(file.name,)), plan=plan))

    assert [inputs["text"] for _, inputs in host.calls] == [PAGE, PAGE]
    assert results(events)["second"].outputs == {"text": PAGE}
    planned = payloads(events, TaskPlanned)
    assert planned[0].task.inputs == {"text": ArtifactRef(file.name)}


async def test_a_list_of_files_unfolds_like_any_other(client: AsyncClient, start_host: StartHost) -> None:
    host = await start_host()
    first = await client.artifacts.upload(b'{"a": 1}', file_name="a.json")
    second = await client.artifacts.upload(b"a,b\n1,2\n", file_name="b.csv")
    plan = Plan((wait("many", (ArtifactRef(first.name), "words", ArtifactRef(second.name))),))

    result = results(await collect(client.execute(plan)))

    assert result["many"].outputs == {"text": ('{"a": 1}', "words", "a,b\n1,2\n")}
    assert len(host.calls) == 3


@pytest.mark.parametrize(
    ("contents", "words", "size"),
    [
        ([b"\xef\xbb\xbf\xff\xfe"], "notes-1.txt is text/plain, but its content is no text that can be read", None),
        (
            [b"x" * ((1 << 20) + 1)],
            r"notes-1.txt has 1048577 bytes, and a text may have 1048576; attach a part",
            1048577,
        ),
    ],
    ids=["no text", "too large"],
)
async def test_a_file_that_cannot_be_a_text_fails_its_task_alone(
    client: AsyncClient, start_host: StartHost, contents: list[bytes], words: str, size: int | None
) -> None:
    host = await start_host()
    files = [
        await client.artifacts.upload(content, file_name=f"notes-{number}.txt")
        for number, content in enumerate(contents, start=1)
    ]
    inputs = tuple(ArtifactRef(file.name) for file in files)
    plan = Plan((wait("bad", inputs), wait("next", after("bad")), wait("good")))

    result = results(await collect(client.execute(plan)))

    error = result["bad"].error
    assert result["bad"].state is TaskState.FAILED
    assert error is not None
    with pytest.raises(InvalidArgumentError, match=words):
        raise error.exception()
    assert (error.reason, error.metadata["field"], error.metadata["task_id"]) == ("INVALID_INPUT", "inputs.text", "bad")
    assert error.metadata.get("size_bytes") == (None if size is None else str(size))
    assert result["next"].state is TaskState.SKIPPED
    assert result["good"].state is TaskState.SUCCEEDED
    assert len(host.calls) == 1


async def test_files_that_are_too_much_for_one_call_or_one_run_are_told_with_their_size(
    client: AsyncClient, start_host: StartHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The real limits, 4 and 64 MiB, would only make the test slow.
    monkeypatch.setattr(texts, "MOST_BYTES_A_CALL", 2 << 20)
    monkeypatch.setattr(texts, "MOST_BYTES_A_RUN", 3 << 20)
    host = await start_host()
    content = b"x" * (1 << 20)
    files = tuple(
        [
            ArtifactRef((await client.artifacts.upload(b"%02d" % n + content[2:], file_name="x.txt")).name)
            for n in range(4)
        ]
    )
    pick = TaskType(
        "test-delay",
        "Takes several.",
        (Parameter("text", ParameterKind.TEXT, repeated=True),),
        (Parameter("text", ParameterKind.TEXT),),
    )

    each = results(await collect(client.execute(Plan((wait("each", files[:3]),)))))["each"]
    at_once = results(await collect(client.execute(Plan((wait("all", files[:3]),)), task_types=[pick])))["all"]
    run = results(await collect(client.execute(Plan((wait("run", files),)))))["run"]

    assert each.succeeded
    assert len(host.calls) == 3
    for result, reported in ((at_once, "one call have 3145728 bytes"), (run, "this run have 4194304 bytes")):
        assert result.error is not None
        assert result.error.reason == "INVALID_INPUT"
        assert reported in result.error.message


async def test_a_picture_is_no_text_and_starts_nothing(client: AsyncClient, start_host: StartHost) -> None:
    host = await start_host()
    picture = await client.artifacts.upload(b"\x89PNG\r\n\x1a\n" + bytes(32), file_name="sign.txt")

    with pytest.raises(InvalidArgumentError, match="image/png: give a text file") as caught:
        await collect(client.execute(Plan((wait("a", ArtifactRef(picture.name)),))))

    assert caught.value.reason == "ILL_TYPED_INPUT"
    assert host.calls == []
