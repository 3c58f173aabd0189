"""What hosts could have, as they report it: the error of a task without an expert names the command that brings one."""

from __future__ import annotations

import pytest

from orchestrion import ArtifactRef, AsyncClient
from orchestrion._content.media import png_of_array
from orchestrion.errors import FailedPreconditionError, OrchestrionError
from orchestrion.experts import AbsentExpert
from orchestrion.plans import Plan, Task
from tests.rpc.controller.conftest import StartHost

VQA = AbsentExpert(
    "blip-vqa-base",
    ("visual-question-answering",),
    command="orchestrion models pull blip-vqa-base",
    download_bytes=1_540_000_000,
)
TOXICITY = AbsentExpert("toxic-bert", ("text-classification",), domain="toxicity", command="pull toxic-bert")


async def refused(client: AsyncClient, task: Task) -> OrchestrionError:
    with pytest.raises(FailedPreconditionError) as caught:
        await client.check_plan(Plan((task,)))
    return caught.value


async def test_the_command_and_its_size_are_named(client: AsyncClient, start_host: StartHost) -> None:
    host = await start_host()
    host.absent_experts = (VQA, TOXICITY)
    await host.report()
    task = Task("rate", "text-classification", {"text": "You fool.", "domain": "toxicity"})
    error = await refused(client, task)
    assert error.message == (
        "Task 'rate': no listed host has a working expert for text-classification of the domain 'toxicity'; "
        "get one: `pull toxic-bert`."
    )
    assert (error.reason, error.metadata["command"]) == ("NO_EXPERT", "pull toxic-bert")


async def test_another_domain_is_no_cure(client: AsyncClient, start_host: StartHost) -> None:
    host = await start_host()
    host.absent_experts = (TOXICITY,)
    await host.report()
    error = await refused(client, Task("rate", "text-classification", {"text": "Fine.", "domain": "emotion"}))
    assert error.message.endswith("see `orchestrion experts`.")


async def test_a_size_that_is_told_stands_behind_the_command(client: AsyncClient, start_host: StartHost) -> None:
    host = await start_host()
    host.absent_experts = (VQA,)
    await host.report()
    picture = await client.artifacts.upload(png_of_array(memoryview(bytes(4)).cast("B", (2, 2)), "a picture"))
    task = Task("ask", "visual-question-answering", {"image": ArtifactRef(picture.name), "question": "What is it?"})
    error = await refused(client, task)
    assert error.message.endswith("get one: `orchestrion models pull blip-vqa-base` (1.5 GB).")


async def test_what_a_host_reports_anew_counts(client: AsyncClient, start_host: StartHost) -> None:
    """Given a host whose catalogue has changed since, the command that is named changes with it."""
    host = await start_host()
    host.absent_experts = (TOXICITY,)
    await host.report()
    host.absent_experts = ()
    await host.report()
    error = await refused(client, Task("rate", "text-classification", {"text": "x", "domain": "toxicity"}))
    assert "command" not in error.metadata
