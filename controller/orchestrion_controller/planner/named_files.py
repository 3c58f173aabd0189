"""The files that a request names: attachments and others, by name, by path, by the link that one was fetched from."""

# ruff: noqa: RUF001 - Requests have the marks of many scripts.
from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from orchestrion import links
from orchestrion_controller.languages.quotations import quotations
from orchestrion_controller.plans.kinds import kind_of_file_name

_LETTER: Final = rf"[^\W{links.UNSPACED}]"
"""A letter or digit of a script that sets words apart: in others a name may touch the words around it."""
_ONE_LETTER: Final = re.compile(_LETTER)
_FILE: Final = re.compile(
    rf"(?<!{_LETTER})(?<!\.)(?:(?:{_LETTER}|-)+(?:\.(?:{_LETTER}|-)+)*|[\w-]*[{links.UNSPACED}])"
    rf"\.[A-Za-z][A-Za-z0-9]{{1,4}}(?!{_LETTER})"
)
_IN_PATH: Final = r"[^\s/\\\"'`“”„‘’«»「」『』《》<>|:*?()\[\]（）,;，。、；：]"
_FOLDERS: Final = re.compile(
    rf"(?:(?<=\s)[{links.UNSPACED}]+|(?<!{_LETTER})[A-Za-z]:|(?:(?![{links.UNSPACED}]){_IN_PATH})*)"
    rf"[/\\](?:{_IN_PATH}+[/\\])*$"
)
"""The folders of a path, up to its name. In scripts without spaces what touches the first may be a word before it."""
_SEPARATOR: Final = re.compile(r"[/\\]")
_OPENING: Final = frozenset("'\"`‘“«")
_CLOSING: Final = frozenset("'\"`’”»")
_MOST_FOLDER_WORDS: Final = 3
"""How many words the folders of a path in quotation marks have; more are a sentence that ends in a file."""


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file's name as it stands in a request."""

    name: str
    """The name, without folders: that of the attachment where it is one."""
    start: int
    """Where it begins in the request, with its folders and the quotation mark before it."""
    end: int


@dataclass(frozen=True, slots=True)
class NamedLink:
    """A link as it stands in a request."""

    url: str
    """The address, as it is written."""
    start: int
    end: int


def find(request: str, attachments: Sequence[str] = ()) -> Iterator[NamedFile | NamedLink]:
    """Finds the files and links that a request names, the surest first; later ones may overlap those before them.

    Args:
        request: The request, as it is written.
        attachments: The names of its files. One that is named after a link is what the link stands for.
    """
    for mention in links.mentions(request):
        fitting = [name for name in attachments if links.is_named_after(name, mention.url)]
        exact = [name for name in fitting if name == links.last_part(mention.url)]
        for name in (exact or fitting)[:1]:
            yield NamedFile(name, mention.start, mention.end)
        if not fitting:
            yield NamedLink(request[mention.start : mention.end], mention.start, mention.end)
    longest_first = sorted(filter(None, dict.fromkeys(attachments)), key=len, reverse=True)
    yield from _quoted(request, longest_first)
    for name in longest_first:
        for start, end in _exactly(name, request):
            yield _whole(request, name, start, end)
    for match in _FILE.finditer(request):
        if kind_of_file_name(match.group()):
            yield _whole(request, match.group(), *match.span())


def _quoted(request: str, attachments: Sequence[str]) -> Iterator[NamedFile]:
    """Finds paths in quotation marks, whose folders may have spaces in their names."""
    by_name = {name.casefold(): name for name in attachments}
    for quotation in quotations(request):
        *folders, name = _SEPARATOR.split(quotation.text.strip())
        attached = by_name.get(name.casefold())
        is_path = bool(folders) and len(" ".join(folders).split()) <= _MOST_FOLDER_WORDS
        if attached and (is_path or not folders):
            yield NamedFile(attached, quotation.start, quotation.end)


def _exactly(name: str, request: str) -> Iterator[tuple[int, int]]:
    """Finds where a name stands that is no part of another word."""
    # A pattern of the name with the letters around it takes 10 ms to compile, for each file of each request.
    pattern = re.compile(re.escape(name), re.IGNORECASE)
    begins, ends = bool(_ONE_LETTER.match(name)), bool(_ONE_LETTER.match(name[-1]))
    place = 0
    while match := pattern.search(request, place):
        start, end = match.span()
        inside = begins and start and _ONE_LETTER.match(request, start - 1)
        goes_on = ends and _ONE_LETTER.match(request, end)
        if inside or goes_on:
            place = start + 1
        else:
            place = end
            yield start, end


def _whole(request: str, name: str, start: int, end: int) -> NamedFile:
    """Takes the folders before a file's name along, and the quotation marks around both."""
    if folders := _FOLDERS.search(request[:start]):
        start = folders.start()
    if request[start - 1 : start] in _OPENING and request[end : end + 1] in _CLOSING:
        start, end = start - 1, end + 1
    return NamedFile(name, start, end)
