"""spaCy's small English pipeline of the extra `spacy` on a real host: names, where they are, and what it leaves out."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

from orchestrion.errors import FailedPreconditionError
from orchestrion.values import Json
from tests.rpc.host.hosts import RunningHost

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.tasks,
    pytest.mark.skipif(importlib.util.find_spec("spacy") is None, reason="the extra spacy is not installed"),
]

TEXT = "🚀 Ada Lovelace met Charles Babbage in London on 5 June 1833; Microsoft paid $3 million."


async def names(host: RunningHost, text: str, expert: str = "spacy-english") -> tuple[str, list[dict[str, Any]]]:
    outputs = (await host.client.infer_with(expert, {"text": text}, task_type="token-classification")).outputs
    entities = outputs["entities"]
    assert isinstance(entities, Json)
    assert outputs["count"] == len(entities.data)
    return str(outputs["text"]), entities.data


async def test_names_are_marked_where_they_are_with_the_classes_of_other_models(host: RunningHost) -> None:
    summary, entities = await names(host, TEXT)
    assert summary == "Ada Lovelace (PER), Charles Babbage (PER), London (LOC), Microsoft (ORG)"
    for entity in entities:
        assert TEXT[entity["start"] : entity["end"]] == entity["text"]


async def test_a_text_without_names_has_none(host: RunningHost) -> None:
    assert await names(host, "The cat sleeps. It was three in the morning.") == ("", [])


async def test_a_long_text_is_read_to_its_end(host: RunningHost) -> None:
    _, entities = await names(host, "The rain went on. " * 4000 + "Then Grace Hopper arrived in Boston.")
    assert [entity["text"] for entity in entities][-2:] == ["Grace Hopper", "Boston"]


async def test_a_changed_file_leaves_it_out(host: RunningHost) -> None:
    with pytest.raises(FailedPreconditionError, match="is not the file that the catalogue names"):
        await names(host, TEXT, "torn-spacy-english")
