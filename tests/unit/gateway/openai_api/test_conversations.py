"""Which run a conversation goes on from, and the links by which files come back with it."""

from __future__ import annotations

import pytest

from orchestrion import Artifact, Message, Role
from orchestrion_gateway.openai_api import artifact_links, conversations
from orchestrion_gateway.openai_api.conversations import Continuation, Conversations

SHA = "ab" * 32
ORDER = Message("Be brief.", Role.SYSTEM)
REQUEST = Message("Say it.")
ANSWERED = Message("I said it.", Role.ASSISTANT, (f"artifacts/{SHA}",))
MORE = Message("Louder.")


def test_the_new_messages_go_on_from_the_run_and_take_orders_along() -> None:
    remembered = Conversations()
    remembered.remember([ORDER, REQUEST], ANSWERED, "runs/1")
    assert remembered.continued([ORDER, REQUEST, ANSWERED, MORE]) == Continuation((ORDER, MORE), "runs/1")
    # Whatever is another conversation is sent as it is.
    for other in (
        [REQUEST, ANSWERED, MORE],
        [ORDER, Message("Say that."), ANSWERED, MORE],
        [ORDER, REQUEST, Message("I said that.", Role.ASSISTANT, ANSWERED.artifacts), MORE],
        [ORDER, REQUEST, Message("I said it.", Role.ASSISTANT), MORE],
        [ORDER, REQUEST],
    ):
        assert remembered.continued(other) == Continuation(tuple(other))


def test_the_oldest_is_forgotten_where_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversations, "_MOST", 2)
    remembered = Conversations()
    for number in range(3):
        remembered.remember([Message(str(number))], ANSWERED, f"runs/{number}")
    runs = [remembered.continued([Message(str(number)), ANSWERED, MORE]).previous_run for number in range(3)]
    assert runs == ["", "runs/1", "runs/2"]


def test_links_are_read_as_they_were_written() -> None:
    files = [
        Artifact(f"artifacts/{SHA}", "audio/wav", "a [loud]\n(sound).wav", 1),
        Artifact(f"artifacts/{'cd' * 32}", "image/png", "", 1),
    ]
    written = artifact_links.written(files, "http://localhost:7860")
    assert written.count("![") == 1
    assert artifact_links.split(f"Two files.{written}") == ("Two files.", tuple(file.name for file in files))
    text = f"See http://localhost/api/v1/artifacts/{SHA}/content, or [b](http://localhost/b)."
    assert artifact_links.split(text) == (text, ())
    assert artifact_links.named_by(f"http://localhost/api/v1/artifacts/{SHA}/content") == f"artifacts/{SHA}"
    assert artifact_links.named_by(f"http://localhost/api/v1/artifacts/{SHA}") is None
