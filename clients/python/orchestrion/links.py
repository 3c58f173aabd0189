"""Links: web addresses in a text, and as something to send, which the client fetches on the person's own machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

MAX_BYTES: Final = 50_000_000
"""The most that is fetched for a link, in bytes, where nothing else is said."""
TIMEOUT_S: Final = 30.0
"""How long fetching a link may take, in seconds, where nothing else is said."""

_START: Final = re.compile(r"(?<![A-Za-z0-9])(?:https?://|www\.(?=[A-Za-z0-9-]+\.))", re.IGNORECASE)
UNSPACED: Final = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
)
"""Scripts without spaces between words, or with endings joined to names, as characters of a regular expression."""
QUOTATION: Final = re.compile(
    r"(?<![A-Za-z0-9])\"([^\"\n]+)\"|(?<!\w)'([^'\n]+)'(?!\w)|`([^`\n]+)`|\u201c([^\u201c\u201d\n]+)\u201d"
    r"|\u201e([^\u201c\u201d\n]+)[\u201c\u201d]|\u2018([^\u2018\u2019\n]+)\u2019|\u201a([^\u2018\u2019\n]+)[\u2018\u2019]"
    r"|\u00ab([^\u00ab\u00bb\n]+)\u00bb|\u00bb([^\u00ab\u00bb\n]+)\u00ab|\u300c([^\u300c\u300d\n]+)\u300d"
    r"|\u300e([^\u300e\u300f\n]+)\u300f|\u300a([^\u300a\u300b\n]+)\u300b"
)
"""Finds quotations; the one group that matched is what stands between the marks."""

_PLAIN: Final = rf"[^\s\"'`<>\\^{{|}}\u00ab\u00bb\u2018-\u201f\u3000-\u3004\u3008-\u303f\uff00-\uffef{UNSPACED}]"
# Behind a separator they belong to it, as in https://zh.wikipedia.org/wiki/人工智能; right behind the host only as the
# name of a file.
_LINK: Final = re.compile(
    rf"(?:(?![/?#]){_PLAIN})+(?:[/?#](?![{UNSPACED}]+(?![{UNSPACED}]|\.[A-Za-z0-9]))(?:{_PLAIN}|(?<=[/=_-])[{UNSPACED}]+)*)?"
)
_TRAILING: Final = ".,;:!?…'\""
_BRACKETS: Final = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class Link:
    """A web address to send: what it leads to is fetched here, by the client, and sent like a file.

    A page is sent as its main text, for which the extra `orchestrion[web]` is needed. No server fetches anything.
    """

    url: str
    """The address: `http` or `https`."""
    max_bytes: int = MAX_BYTES
    """The most that is fetched, in bytes."""
    timeout_s: float = TIMEOUT_S
    """How long that may take, in seconds."""


@dataclass(frozen=True, slots=True)
class LinkMention:
    """A link as it stands in a text."""

    url: str
    """The address; one that begins with `www.` is completed to `https://www.`."""
    start: int
    """Where it begins in the text, in characters."""
    end: int
    """Where it ends."""


def mentions(text: str) -> Iterator[LinkMention]:
    """Finds the links in a text, in order; marks that end a sentence are no part of one."""
    place = 0
    while start := _START.search(text, place):
        rest = _LINK.match(text, start.end())
        written = _trimmed(text[start.start() : rest.end() if rest else start.end()])
        place = start.start() + max(len(written), start.end() - start.start())
        url = written if "://" in written else f"https://{written}"
        if _host(url):
            yield LinkMention(url, start.start(), start.start() + len(written))


def is_quoted_in_passing(text: str, start: int, end: int) -> bool:
    """Whether a piece of a text stands between quotation marks with more: then it is part of a text to work on."""
    quotations = (match for match in QUOTATION.finditer(text) if match.start() < start and end < match.end())
    return any(next(filter(None, match.groups())).strip() != text[start:end] for match in quotations)


def is_link(text: str) -> bool:
    """Whether a text is the address of a link, rather than a path."""
    return text.lower().startswith(("http://", "https://"))


def last_part(url: str) -> str:
    """Returns the last part of an address, as a file name: that of its path, else its host."""
    path = urlsplit(url).path if _host(url) else ""
    part = next((part for part in reversed(path.split("/")) if part), "")
    name = "".join(letter for letter in unquote(part) if letter.isprintable() and letter not in "/\\").lstrip(". ")
    return name or _host(url) or "link"


def is_named_after(file_name: str, url: str) -> bool:
    """Whether a file name is one that content fetched from an address gets.

    That is the last part of the address; its ending may differ, since it says what the content really is. Where several
    names fit, the one that is the last part itself is meant.

    Args:
        file_name: The `file_name` of an artifact.
        url: The address, as `mentions` reads it.
    """
    part = last_part(url)
    return file_name == part or _stem(file_name) in (part, _stem(part))


def _trimmed(written: str) -> str:
    """Takes marks off the end that belong to the sentence, and brackets that were opened before the address."""
    while written:
        last = written[-1]
        opening = _BRACKETS.get(last)
        if last not in _TRAILING and (opening is None or written.count(opening) >= written.count(last)):
            break
        written = written[:-1]
    return written


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""  # Such as an unclosed bracket of IPv6.


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name
