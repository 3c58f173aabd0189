"""Models in the format GGUF: added from a file or the Hub, chosen among several, fetched alone, used; or refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrion.experts import ExpertState
from orchestrion.values import Json, Value
from tests.checkpoints import gguf_models
from tests.checkpoints.text_models import CHAT_TEMPLATE
from tests.hub_server import HubServer
from tests.rpc.host.hosts import RunningHost
from tests.rpc.host.hub_models import Models
from tests.rpc.host.models.looking import failure

pytestmark = pytest.mark.tasks

HEADER = {"architecture": "llama", "context_length": 256, "chat_template": CHAT_TEMPLATE, "total": 35_000}
ANSWER = {"enum": ["sun", "rain"]}


async def reply(host: RunningHost, expert: str) -> Any:
    inputs: dict[str, Value] = {"text": "rain?", "schema": Json(ANSWER), "max_tokens": 20.0}
    result = await host.client.infer_with(expert, inputs, task_type="conversational")
    assert result.outputs["finish_reason"] == "stop"
    return json.loads(str(result.outputs["text"]))


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("gguf")
    made = {}
    for storage in ("Q4_0", "Q8_0", "F16"):
        path = folder / f"Tiny-Chat-{storage}.gguf"
        gguf_models.write(path, storage=storage)
        made[path.name] = path.read_bytes()
    return made


async def test_a_file_is_added_where_it_is_and_talks(models: Models, host: RunningHost, tmp_path: Path) -> None:
    path = tmp_path / "My Models" / "Tiny-Chat.Q8_0.gguf"
    path.parent.mkdir()
    gguf_models.write(path, storage="Q8_0")
    added = await models.add(str(path))
    assert (added.id, list(added.task_types)) == ("tiny-chat.q8_0", ["conversational", "text-generation"])
    assert (added.model, added.context_token_count) == (str(path), gguf_models.CONTEXT)
    # Numbers of a byte each take four where they are computed with.
    assert added.memory_bytes > 3 * path.stat().st_size
    assert await reply(host, added.id) in ANSWER["enum"]
    await models.remove(added.id)
    assert path.is_file()


async def test_a_folder_with_one_file_is_that_file_and_one_with_several_asks(
    models: Models, contents: dict[str, bytes], tmp_path: Path
) -> None:
    (first, content), (second, other), *_ = contents.items()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / first).write_bytes(content)
    (tmp_path / "folder" / "mmproj-F16.gguf").write_bytes(b"what connects it with pictures")
    assert (await models.add(str(tmp_path / "folder"))).id == "tiny-chat-q4_0"
    (tmp_path / "folder" / second.replace("Q8_0", "mine")).write_bytes(other)
    (tmp_path / "folder" / first).rename(tmp_path / "folder" / "yours.gguf")
    refused = await failure(models.add(str(tmp_path / "folder")))
    assert refused.reason == "MODEL_NOT_SUPPORTED"
    assert "Tiny-Chat-mine.gguf, yours.gguf" in refused.message
    # Weights that need no choice go before.
    (tmp_path / "folder" / "model.safetensors").write_bytes(b"")
    assert "what it has" not in (await failure(models.add(str(tmp_path / "folder")))).message


@pytest.mark.parametrize(
    "chosen",
    [
        ("", "Tiny-Chat-Q4_0.gguf"),
        (":q8_0", "Tiny-Chat-Q8_0.gguf"),
        (":F16", "Tiny-Chat-F16.gguf"),
        (":Tiny-Chat-Q8_0.gguf", "Tiny-Chat-Q8_0.gguf"),
    ],
)
async def test_one_of_several_files_on_the_hub_is_chosen_and_fetched_alone(
    hub: HubServer, models: Models, contents: dict[str, bytes], chosen: tuple[str, str]
) -> None:
    named, file = chosen
    beside = {"README.md": b"", "config.json": b'{"model_type": "llama"}', "mmproj-F16.gguf": b"x" * 99}
    hub.add("tiny/Chat-GGUF", {**contents, **beside}, gguf=HEADER, card={"license": "apache-2.0"})
    added = await models.add(f"tiny/Chat-GGUF{named}")
    assert added.id == file.removesuffix(".gguf").lower()
    assert (added.model, added.context_token_count, added.license) == ("tiny/Chat-GGUF", 256, "Apache-2.0")
    assert (await models.list())[added.id].state is ExpertState.TO_BE_FETCHED
    assert hub.gets(".gguf") == []
    reported = await models.pull(added.id)
    assert reported[-1].total_bytes == len(contents[file])
    assert [request.path.rsplit("/", 1)[1] for request in hub.gets(".gguf")] == [file]
    assert (await models.list())[added.id].state is ExpertState.LOADABLE
    assert reported[-1].expert is not None
    # What it takes does not depend on how few bits its numbers have in the file.
    assert reported[-1].expert.memory_bytes > len(contents["Tiny-Chat-F16.gguf"])


@pytest.mark.tasks
async def test_two_precisions_of_a_model_are_two_experts(
    hub: HubServer, models: Models, host: RunningHost, contents: dict[str, bytes]
) -> None:
    hub.add("tiny/Chat-GGUF", contents, gguf=HEADER)
    for quantisation in ("q8_0", "q4_0"):
        added = await models.add(f"tiny/Chat-GGUF:{quantisation}")
        await models.pull(added.id)
        assert await reply(host, added.id) in ANSWER["enum"]
    again = await failure(models.add("tiny/Chat-GGUF"))
    assert (again.reason, "tiny-chat-q4_0" in again.message) == ("EXPERT_EXISTS", True)
    assert (await models.refresh("tiny-chat-q8_0"))[0].expert is not None


async def test_what_cannot_be_chosen_says_what_there_is(
    hub: HubServer, models: Models, contents: dict[str, bytes]
) -> None:
    hub.add("tiny/Chat-GGUF", contents, gguf=HEADER)
    refused = await failure(models.add("tiny/Chat-GGUF:q5_k_m"))
    assert refused.reason == "MODEL_NOT_SUPPORTED"
    for name in ("q5_k_m", *contents):
        assert name in refused.message
    parts = {f"big/Big-Q8_0-0000{number}-of-00002.gguf": b"x" * 99 for number in (1, 2)}
    hub.add("tiny/Big-GGUF", parts, gguf=HEADER)
    for model in ("tiny/Big-GGUF", "tiny/Big-GGUF:q8_0"):
        assert "several files" in (await failure(models.add(model))).message
    hub.add("tiny/Other-GGUF", contents, gguf={**HEADER, "architecture": "mamba"})
    assert "'mamba'" in (await failure(models.add("tiny/Other-GGUF"))).message


async def test_a_damaged_file_is_named_when_it_is_added_fetched_or_loaded(
    hub: HubServer, models: Models, host: RunningHost, contents: dict[str, bytes], tmp_path: Path
) -> None:
    content = contents["Tiny-Chat-Q8_0.gguf"]
    path = tmp_path / "tiny.gguf"
    path.write_bytes(content[:-500])
    refused = await failure(models.add(str(path)))
    assert refused.reason == "MODEL_NOT_SUPPORTED"
    assert f"{path} is cut off: " in refused.message
    assert (await failure(models.add(str(tmp_path / "nowhere.gguf")))).reason == "MODEL_NOT_FOUND"

    path.write_bytes(content)
    added = await models.add(str(path))
    path.write_bytes(content[:-500])
    failed = await failure(host.client.infer_with(added.id, {"text": "rain?"}, task_type="conversational"))
    assert (failed.reason, str(path) in failed.message) == ("EXPERT_LOAD_FAILED", True)

    # The Hub has what its publisher sent it.
    hub.add("tiny/Cut-GGUF", {"Cut-Q8_0.gguf": content[:-500]}, gguf=HEADER)
    added = await models.add("tiny/Cut-GGUF")
    cut = await failure(models.pull(added.id))
    assert (cut.reason, "Cut-Q8_0.gguf" in cut.message) == ("MODEL_NOT_SUPPORTED", True)
    assert (await models.list())[added.id].state is ExpertState.TO_BE_FETCHED


async def test_a_hub_that_read_no_header_leaves_it_to_the_caller(
    hub: HubServer, models: Models, contents: dict[str, bytes]
) -> None:
    hub.add("tiny/Chat-GGUF", contents)
    assert "--task" in (await failure(models.add("tiny/Chat-GGUF"))).message
    added = await models.add("tiny/Chat-GGUF", task_types=["conversational"])
    await models.pull(added.id)
    assert (await models.list())[added.id].state is ExpertState.LOADABLE
