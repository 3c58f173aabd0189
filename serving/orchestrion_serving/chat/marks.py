"""The marks that models write around thoughts and replies. Pure."""

# ruff: noqa: RUF001 - Models write apostrophes of every kind.

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Final

_THOUGHT_NAME: Final = re.compile(
    r"think|thought|reason|reflect|analy[sz]|scratch|monolog|deliberat|ponder|contemplat|introspect|\bcot\b",
    re.IGNORECASE,
)
_REPLY_NAMES: Final = frozenset({"answer", "response", "reply", "final", "final_answer", "finalanswer", "solution"})
_HTML_NAMES: Final = (
    "a abbr address article aside audio b base bdi bdo blockquote body br button canvas caption center cite code col "
    "colgroup data datalist dd del details dfn dialog div dl dt em embed fieldset figcaption figure font footer form g "
    "h1 h2 h3 h4 h5 h6 head header hr html i iframe img input ins kbd label legend li link main map mark math menu "
    "meta meter nav noscript object ol optgroup option output p param path picture pre progress q rp rt ruby s samp "
    "script search section select slot small source span strike strong style sub summary sup svg table tbody td "
    "template textarea tfoot th thead time title tr track tt u ul var video wbr xml"
)
_HTML: Final = frozenset(_HTML_NAMES.split())
_MARK: Final = re.compile(
    r"<(?P<angle>/?[A-Za-z][\w:.-]{0,40})(?P<attributes>\s[^<>\n]{0,80})?>"
    r"|\[(?P<square>/?[A-Z][A-Z_]{0,30})\]"
    r"|<\|(?P<pipe>[^|<>\n]{1,40})\|>"
    r"|◁(?P<triangle>/?[^◁▷\n]{1,30})▷"
)
_PART_OF_MARK: Final = re.compile(
    r"<(?:/?(?:[A-Za-z][\w:.-]{0,40}(?:\s[^<>\n]{0,80})?)?|\|[^|<>\n]{0,40}\|?)|\[/?[A-Z_]{0,30}|◁[^◁▷\n]{0,30}"
)
_CHANNEL_MARKS: Final = frozenset({"channel", "start", "message"})
_BARE_CHANNEL: Final = re.compile(r"analysis(?=[^\sa-z.,:;!?'’\-<])")
_PROMPTED_CHANNEL: Final = re.compile(r"(?:analysis|commentary|final)\b[^<\n]{0,40}<\|(?:message|constrain)\|>")
_CHANNEL_NAMES: Final = ("analysis<|message|>", "commentary<|message|>", "final<|message|>")

CLOSING: Final = re.compile(
    r"</(?P<angle>[A-Za-z][\w:.-]{0,40})\s*>|\[/(?P<square>[A-Z][A-Z_]{0,30})\]"
    r"|<\|\s*(?:/|end_(?:of_)?)(?P<pipe>[^|<>\n]{1,40})\|>|◁/(?P<triangle>[^◁▷\n]{1,30})▷",
    re.IGNORECASE,
)
"""The end of something."""
ENDING: Final = re.compile(r"(?:(?:<\|[^|<>\n]{1,40}\|>|</s>|<eos>|<end_of_turn>)\s*)+\Z")
"""Marks of the end, at the end of a reply."""
_PART_OF_ENDING: Final = re.compile(
    r"(?:\s*(?:<\|[^|<>\n]{1,40}\|>|</s>|<eos>|<end_of_turn>|</[\w:.-]{1,40}>))*\s*"
    r"(?:<(?:/[\w:.-]{0,40}|\|[^|<>\n]{0,40}\|?|[a-z_]{0,11})?|\[(?:/[A-Z_]{0,30})?|◁[^◁▷\n]{0,30})?\Z"
)
_LONGEST_TAIL: Final = 160


class Opening(enum.Enum):
    """What a reply begins with."""

    REPLY = enum.auto()
    """The reply itself."""
    UNDECIDED = enum.auto()
    """What has come may be the beginning of a mark."""
    THOUGHT = enum.auto()
    """A thought, up to the mark that closes it."""
    UNSURE = enum.auto()
    """A tag that may be one of a thought or of the reply."""
    IGNORED = enum.auto()
    """A mark that says nothing, or that the reply follows."""
    CHANNELS = enum.auto()
    """Channels of gpt-oss."""
    BARE_CHANNEL = enum.auto()
    """The same, without marks."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark at the beginning of a text."""

    opening: Opening
    length: int = 0
    name: str = ""

    @property
    def closed_by(self) -> re.Pattern[str]:
        """What ends that which it begins."""
        name = re.escape(self.name)
        pattern = rf"</{name}\s*>|\[/{name}\]|◁/{name}▷|<\|\s*(?:/|end)[^|<>\n]*\|>"
        return re.compile(pattern, re.IGNORECASE)


def opening_mark(text: str, *, final: bool) -> Mark:
    """Reads what a text begins with.

    Args:
        text: The text, without white space at its beginning; not empty.
        final: Whether nothing follows it.
    """
    if not final and (_PART_OF_MARK.fullmatch(text) or any(name.startswith(text) for name in _CHANNEL_NAMES)):
        return Mark(Opening.UNDECIDED)
    if _PROMPTED_CHANNEL.match(text):
        return Mark(Opening.CHANNELS)
    if bare := _BARE_CHANNEL.match(text):
        return Mark(Opening.BARE_CHANNEL, bare.end())
    matched = _MARK.match(text)
    if matched is None:
        return Mark(Opening.REPLY)
    kind = str(matched.lastgroup if matched.lastgroup != "attributes" else "angle")
    name = matched[kind]
    if kind == "pipe" and name.strip().casefold() in _CHANNEL_MARKS:
        return Mark(Opening.CHANNELS)
    return Mark(_opening(kind, name, bool(matched["attributes"])), matched.end(), name)


def is_thought_name(name: str) -> bool:
    """Whether a name is one that thoughts have."""
    return bool(_THOUGHT_NAME.search(name))


def is_html(name: str) -> bool:
    """Whether a name is one of HTML's or SVG's."""
    return name.casefold() in _HTML


def unfinished_tail(text: str) -> int:
    """Returns how many characters at a text's end may belong to a mark: one that closes, or one of the end."""
    tail = text[-_LONGEST_TAIL:]
    if not any(sign in tail for sign in "<[◁"):
        return 0
    matched = _PART_OF_ENDING.search(tail)
    held = matched[0] if matched else ""
    return len(held.lstrip()) if held.strip() else 0


def _opening(kind: str, name: str, has_attributes: bool) -> Opening:
    closes = name.startswith("/") or (kind == "pipe" and name.casefold().startswith("end"))
    if is_thought_name(name):
        return Opening.IGNORED if closes else Opening.THOUGHT
    if kind == "pipe" or (kind == "angle" and name.casefold() in _REPLY_NAMES):
        return Opening.IGNORED
    if kind == "angle" and not closes and not has_attributes and not is_html(name):
        return Opening.UNSURE
    return Opening.REPLY
