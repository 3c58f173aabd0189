"""Keeps a model's thoughts out of what it says, where they stand in the text itself. Pure.

| at the beginning | is a thought until |
|---|---|
| `<think>`, `<seed:think budget="512">`, any tag that is none of HTML's and that something follows | `</think>` |
| nothing: the template of the prompt has opened it | `</think>` |
| `[THINK]`, `◁think▷` | `[/THINK]`, `◁/think▷` |
| `<|begin_of_thought|>`, `<|START_THINKING|>` | `<|end_of_thought|>`, `<|END_THINKING|>` |
| `<|channel|>analysis<|message|>`, of gpt-oss | the message of the channel `final` |
| `analysis` without a space, where a server has left out gpt-oss' marks | `assistantfinal` |

What stands around the reply proper, `<answer>` or `<|START_RESPONSE|>`, is left out, and so are marks of the end, such
as `<|im_end|>`. A text is held back only as long as it can still be one of these. A thought that nothing opens cannot
be told from a reply until it is closed: a reply of JSON that begins with other words waits for that, and so does any
reply of a model that `thinks_aloud`, as it has done before; else its words were shown already, and `withdrawn` counts
them.
"""

# ruff: noqa: RUF001 - Models write quotation marks of every kind.

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeAlias

from orchestrion_serving.chat.channels import ChannelFilter
from orchestrion_serving.chat.marks import (
    CLOSING,
    ENDING,
    Mark,
    Opening,
    is_html,
    is_thought_name,
    opening_mark,
    unfinished_tail,
)

_State: TypeAlias = Callable[[bool], str]

_JSON_BEGINS: Final = ("{", "[", '"', "```")
_REPLY_IN_BARE_CHANNELS: Final = "assistantfinal"
_LONGEST_MARK: Final = 64
_QUOTES: Final = ('"', "'", "“", "‘", "«", "„", "「")


class ThoughtFilter:
    """Takes a reply in pieces and returns what of it is no thought."""

    def __init__(self, *, is_json: bool = False, thinks_aloud: bool = False) -> None:
        """Begins with a reply's first character.

        Args:
            is_json: Whether the reply is to be JSON.
            thinks_aloud: Whether the model is one whose thoughts begin without a mark.
        """
        self.withdrawn = 0
        """How many characters of what was returned have turned out to be a thought."""
        self.closes_unopened = False
        """Whether a thought ended that nothing had opened."""
        self.has_thought = False
        """Whether there were thoughts, or marks before the reply."""
        self._is_json = is_json
        self._thinks_aloud = thinks_aloud
        self._buffer = ""
        self._searched = 0
        """How far into the buffer no mark has its end; one may begin shortly before."""
        self._shown: list[str] = []
        self._mark = Mark(Opening.REPLY)
        self._wrapper = ""
        self._channels = ChannelFilter()
        self._state: _State = self._beginning

    def feed(self, text: str) -> str:
        """Takes the next piece; returns what can be shown."""
        self._buffer += text
        return self._run(final=False)

    def close(self) -> str:
        """Returns what was held back, as far as it is no thought."""
        return self._run(final=True)

    def _run(self, *, final: bool) -> str:
        earlier = len(self._shown)
        while True:
            before = self._state, len(self._buffer)
            self._shown.append(self._state(final))
            if (self._state, len(self._buffer)) == before:
                break
        return "".join(self._shown[earlier:])

    def _beginning(self, final: bool) -> str:
        text = self._buffer.lstrip()
        if not text:
            return self._take(len(self._buffer)) if final and not self.has_thought else ""
        mark = opening_mark(text, final=final)
        if mark.opening is Opening.UNDECIDED:
            return ""
        if self.has_thought or mark.opening is not Opening.REPLY:
            self._buffer = text
        if mark.opening is Opening.REPLY:
            self._state = self._reply_state(text)
            return ""
        if mark.opening is not Opening.UNSURE:
            self._take(mark.length)
            self.has_thought = True
        if mark.opening is Opening.IGNORED:
            self._wrapper = mark.name
            return ""
        self._mark = mark
        self._state = {
            Opening.THOUGHT: self._thought,
            Opening.UNSURE: self._unsure,
            Opening.CHANNELS: self._in_channels,
            Opening.BARE_CHANNEL: self._in_bare_channel,
        }[mark.opening]
        return ""

    def _thought(self, final: bool) -> str:
        if closing := self._mark.closed_by.search(self._buffer):
            return self._end_thought(closing.end())
        self._buffer = "" if final else self._buffer[-_LONGEST_MARK:]
        return ""

    def _unsure(self, final: bool) -> str:
        """Decides on a tag whose name says nothing: a thought is closed, and something else than another follows."""
        closing = self._mark.closed_by.search(self._buffer, max(0, self._searched - _LONGEST_MARK))
        if closing is None:
            self._searched = len(self._buffer)
        rest = self._buffer[closing.end() :].lstrip() if closing else ""
        again = f"<{self._mark.name}".casefold()
        if not final and (closing is None or again.startswith(rest[: len(again)].casefold())):
            return ""
        if closing is None or not rest or rest.casefold().startswith(again):
            self._state, self._searched = self._text, 0
            return ""
        return self._end_thought(closing.end())

    def _in_bare_channel(self, final: bool) -> str:
        at = self._buffer.find(_REPLY_IN_BARE_CHANNELS)
        if at >= 0:
            return self._end_thought(at + len(_REPLY_IN_BARE_CHANNELS))
        self._buffer = "" if final else self._buffer[-len(_REPLY_IN_BARE_CHANNELS) :]
        return ""

    def _in_channels(self, final: bool) -> str:
        shown = self._channels.feed(self._take(len(self._buffer)))
        return shown + self._channels.close() if final else shown

    def _held(self, final: bool) -> str:
        if not self._drop_unopened() and final:
            self._state = self._text
        return ""

    def _json(self, final: bool) -> str:
        # Whoever reads it knows where it ends, and what is a mark in a text of it is none.
        return self._take(len(self._buffer))

    def _text(self, final: bool) -> str:
        if self._drop_unopened():
            return ""
        if not final:
            return self._take(len(self._buffer) - unfinished_tail(self._buffer))
        ending = ENDING.search(self._buffer)
        shown = self._buffer[: ending.start()] if ending else self._buffer
        self._take(len(self._buffer))
        if self._wrapper:
            shown = re.sub(rf"\s*</{re.escape(self._wrapper)}\s*>\s*\Z", "", shown, flags=re.IGNORECASE)
        return shown

    def _reply_state(self, text: str) -> _State:
        if self._thinks_aloud and not self.has_thought:
            return self._held
        if not self._is_json:
            return self._text
        return self._json if text.startswith(_JSON_BEGINS) or _JSON_BEGINS[-1].startswith(text[:3]) else self._held

    def _drop_unopened(self) -> bool:
        """Drops what stands before the end of a thought that nothing opened; returns whether there was one."""
        start, self._searched = max(0, self._searched - _LONGEST_MARK), len(self._buffer)
        for closing in CLOSING.finditer(self._buffer, start):
            name = closing[str(closing.lastgroup)]
            is_end = is_thought_name(name) or (self._state == self._held and self._is_json and not is_html(name))
            before = "".join(self._shown) + self._buffer[: closing.start()]
            # Whoever writes about such a mark writes it as code or in quotation marks, or with its beginning.
            is_spoken_of = before.count("`") % 2 == 1 or before.endswith(_QUOTES)
            if is_end and not is_spoken_of and not re.search(rf"[<\[◁]\|?{re.escape(name)}", before, re.IGNORECASE):
                self.withdrawn = sum(map(len, self._shown))
                self.closes_unopened = True
                self._end_thought(closing.end())
                return True
        return False

    def _end_thought(self, position: int) -> str:
        self._take(position)
        self.has_thought, self._state = True, self._beginning
        return ""

    def _take(self, length: int) -> str:
        taken, self._buffer, self._searched = self._buffer[:length], self._buffer[length:], 0
        return taken
