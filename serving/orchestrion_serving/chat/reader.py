"""Reads an answer of an endpoint, streamed or whole: bytes go in, pieces of the reply and its end come out. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from orchestrion_serving.chat import finishing
from orchestrion_serving.chat.characters import WholeCharacters
from orchestrion_serving.chat.complaints import Complaint, complaint_in, complaint_of_text
from orchestrion_serving.chat.contents import Content, read_message
from orchestrion_serving.chat.counts import TokenCounts, read_counts
from orchestrion_serving.chat.events import EventDecoder, StreamEvent
from orchestrion_serving.chat.finishing import finish_reason
from orchestrion_serving.chat.thoughts import ThoughtFilter

_ENDLESS: Final = Complaint("it sent megabytes without an end of line")


@dataclass(frozen=True, slots=True)
class ReplyEnd:
    """How a reply ended."""

    finish_reason: str
    """`stop`, `length`, `content_filter`, `tool_calls`, or the endpoint's own word; empty where it said nothing."""
    refusal: str = ""
    """The words of a refusal; empty where the model did not refuse."""
    counts: TokenCounts = field(default_factory=TokenCounts)
    withdrawn: int = 0
    """How many of the characters that came first have turned out to be a thought: the reply is what follows them."""
    call_count: int = 1
    """How many calls it took: two where the first was cut and continued."""


class ReplyReader:
    """Reads one answer. Feed it bytes; whoever feeds it looks at `complaint` and `is_done` after each."""

    def __init__(self, *, is_json: bool = False, thinks_aloud: bool = False) -> None:
        """Begins with an answer's first byte.

        Args:
            is_json: Whether the reply is to be JSON.
            thinks_aloud: Whether the model's thoughts begin without a mark.
        """
        self.complaint: Complaint | None = None
        """What the endpoint complains of; nothing that follows is read."""
        self.signs_of_life = 0
        """How many events have come that are of the reply: keep-alive is none."""
        self.began = False
        """Whether the reply has begun, if only with a thought."""
        self.is_done = False
        """Whether the endpoint has said that nothing more comes."""
        self._is_json = is_json
        self._events = EventDecoder()
        self._characters = WholeCharacters()
        self._thoughts = ThoughtFilter(is_json=is_json, thinks_aloud=thinks_aloud)
        self._said: list[str] = []
        """All of the content, thoughts in it included."""
        self._refusal = ""
        self._finish_reason = ""
        self._counts = TokenCounts()
        self._is_whole = False
        self._has_answer = False
        self._other: object = None
        """The last JSON that is no part of a reply."""

    @property
    def has_ended(self) -> bool:
        """Whether the reply is whole, though the endpoint may still have something to add, such as usage."""
        return bool(self._finish_reason) or self._is_whole or self.is_done

    @property
    def has_answer(self) -> bool:
        """Whether anything of a reply has come, if only whose turn it is."""
        return self._has_answer

    @property
    def closes_unopened(self) -> bool:
        """Whether a thought ended that nothing had opened."""
        return self._thoughts.closes_unopened

    @property
    def end(self) -> ReplyEnd:
        """How the reply ended, as far as it was read."""
        finish = self._finish_reason or (finishing.STOP if self._is_whole or self.is_done else "")
        return ReplyEnd(finish, self._refusal, self._counts, self._thoughts.withdrawn)

    def feed(self, data: bytes) -> list[str]:
        """Takes the next bytes, and returns the pieces of the reply in them."""
        self.signs_of_life += self._events.is_in_json and not data.isspace()
        try:
            events = self._events.feed(data)
        except ValueError:
            self.complaint = _ENDLESS
            return []
        return list(self._pieces(events))

    def close(self) -> list[str]:
        """Ends the answer, whole or not, and returns the pieces that were held back."""
        pieces = list(self._pieces(self._events.close()))
        last = self._thoughts.feed(self._characters.close()) + self._thoughts.close()
        if not self._has_answer and self.complaint is None:
            self.complaint = self._complaint_of_nothing()
        return [*pieces, last] if last else pieces

    def _pieces(self, events: list[StreamEvent]) -> Iterator[str]:
        for event in events:
            if self.complaint is not None or self.is_done:
                return
            if event.is_done:
                self.is_done = True
            elif complaint := self._complaint_of(event):
                # A whole answer is whole, whatever goes wrong after it.
                self.complaint = None if self.has_ended else complaint
            else:
                values = event.value if isinstance(event.value, list) else [event.value]
                for value in values:
                    if isinstance(value, Mapping) and (piece := self._read(value)):
                        yield piece
                    elif value is not None and not self._has_answer:
                        self._other = value

    def _complaint_of_nothing(self) -> Complaint:
        """What to say of an answer that has no reply in it: whatever it has."""
        if text := self._events.text:
            return complaint_of_text(text)
        return complaint_in(self._other, announced=True) or Complaint("its answer is empty")

    def _complaint_of(self, event: StreamEvent) -> Complaint | None:
        if event.text:
            return complaint_of_text(event.text) if event.name == "error" else None
        return complaint_in(event.value, announced=event.name == "error")

    def _read(self, event: Mapping[str, object]) -> str:
        self._counts = self._counts.updated(read_counts(event))
        choices = event.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else event if "message" in event else None
        if not isinstance(choice, Mapping):
            return ""
        self._has_answer = True
        reason = self._reason_of(choice, event)
        if reason == finishing.FAILED:
            self.complaint = Complaint(f"it stopped in the middle of its reply ({choice.get('finish_reason')})")
        said = self._content(choice, event, reason)
        if said.text or said.refusal or said.thinks or reason or _has_tools(choice):
            self.began = True
            self.signs_of_life += 1
        if reason and reason != finishing.FAILED:
            self._finish_reason = reason
        self._refusal += said.refusal
        self._said.append(said.text)
        return self._thoughts.feed(self._characters.feed(said.text)) if said.text else ""

    def _content(self, choice: Mapping[str, object], event: Mapping[str, object], reason: str) -> Content:
        delta = choice.get("delta")
        message = choice.get("message")
        if delta or not message:
            text = choice.get("text")
            return read_message(delta if delta else text, is_json=self._is_json)
        said = read_message(message, is_json=self._is_json)
        is_whole = event.get("object") == "chat.completion" or bool(reason)
        earlier = "".join(self._said)
        if not earlier:
            # No event of a stream has a message; one that has is a whole answer, unless it says that more comes.
            self._is_whole = "choices" in event or event.get("done") is True
        elif is_whole and said.text.startswith(earlier):
            # Some streams end with the whole message once more.
            return Content(said.text[len(earlier) :], said.refusal, said.thinks)
        else:
            self._is_whole = False
        return said

    def _reason_of(self, choice: Mapping[str, object], event: Mapping[str, object]) -> str:
        places = (choice, choice.get("delta"), choice.get("message"), event)
        names = ("finish_reason", "finishReason", "stop_reason", "done_reason")
        values = [place.get(name) for place in places if isinstance(place, Mapping) for name in names]
        return next((reason for value in values if (reason := finish_reason(value))), "")


def _has_tools(choice: Mapping[str, object]) -> bool:
    places = (choice.get("delta"), choice.get("message"))
    return any(
        place.get(name) for place in places if isinstance(place, Mapping) for name in ("tool_calls", "function_call")
    )


def read_complaint(body: bytes) -> Complaint:
    """Reads the body of an answer that is an error by its status: JSON, events, HTML or words."""
    decoder = EventDecoder()
    try:
        events = [*decoder.feed(body), *decoder.close()]
    except ValueError:
        return _ENDLESS
    complaints = [complaint_in(event.value, announced=True) for event in events]
    return next(filter(None, complaints), None) or complaint_of_text(decoder.text)
