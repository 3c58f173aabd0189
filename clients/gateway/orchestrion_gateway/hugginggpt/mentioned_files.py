"""The files that a turn mentions: paths of this gateway's, `data:` URLs, and links where the operator allows them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from orchestrion import Artifact, AsyncClient, InvalidArgumentError, Link, NotFoundError, Reason, links
from orchestrion_gateway.config import ANY_HOST
from orchestrion_gateway.hugginggpt import data_urls, paths
from orchestrion_gateway.hugginggpt.data_urls import DataUrl
from orchestrion_gateway.hugginggpt.paths import MentionedPath

MOST_FILES: Final = 64
"""How many files are looked up for one call."""

_Mention = MentionedPath | DataUrl | links.LinkMention


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends the turns, and what may be done for it."""

    client: AsyncClient
    """The client of the controller."""
    host: str
    """The header `Host` of the call: under it the caller knows the gateway."""
    link_hosts: tuple[str, ...]
    """The sites whose links are fetched."""


@dataclass(frozen=True, slots=True)
class TurnPiece:
    """A piece of what was said."""

    words: str
    """The words, as they stand there."""
    file: Artifact | None = None
    """The file that they stand for; None where they are words."""
    is_link: bool = False
    """Whether they are a link, which planners read as the file that was fetched from it."""


class FileReader:
    """Looks the files of one conversation up, each once."""

    def __init__(self, caller: Caller) -> None:
        """Looks at nothing yet."""
        self._caller = caller
        self._files: dict[str, Artifact] = {}
        self._count = 0

    @property
    def files(self) -> tuple[Artifact, ...]:
        """What was mentioned so far, each once."""
        return tuple(self._files.values())

    async def read(self, text: str, field: str, *, required: bool) -> list[TurnPiece]:
        """Cuts a turn into pieces.

        Args:
            text: What is said.
            field: What it is called, for errors.
            required: Whether what it mentions must be there; links are followed only then.

        Raises:
            OrchestrionError: It is required, and a file is not there, not allowed, or cannot be stored.
        """
        pieces: list[TurnPiece] = []
        place = 0
        for mention in self._mentions(text, required=required):
            if mention.start < place:
                continue
            file = await self._file(mention, text[mention.start : mention.end], field, required=required)
            if file is not None:
                pieces.append(TurnPiece(text[place : mention.start]))
                pieces.append(
                    TurnPiece(text[mention.start : mention.end], file, isinstance(mention, links.LinkMention))
                )
                self._files[file.name] = file
                place = mention.end
        return [*pieces, TurnPiece(text[place:])]

    def _mentions(self, text: str, *, required: bool) -> list[_Mention]:
        mentions: list[_Mention] = [*paths.mentions(text, self._caller.host), *data_urls.mentions(text)]
        if required:
            mentions += _links(text)
        # Of those that begin alike the surest comes first: an address of this gateway's is no link.
        return sorted(mentions, key=lambda mention: mention.start)

    async def _file(self, mention: _Mention, words: str, field: str, *, required: bool) -> Artifact | None:
        if isinstance(mention, MentionedPath) and mention.artifact in self._files:
            return self._files[mention.artifact]
        self._count += 1
        if self._count > MOST_FILES:
            if not required:
                return None
            message = f"{field}: it mentions more than {MOST_FILES} files; send fewer."
            raise Reason.INVALID_FIELD.error(message, field=field)
        if isinstance(mention, MentionedPath):
            return await self._at(mention, words, field, required=required)
        if isinstance(mention, DataUrl):
            return await self._stored(mention, field, required=required)
        _check_link(mention.url, field, self._caller.link_hosts)
        return await self._caller.client.artifacts.upload(Link(mention.url))

    async def _at(self, mention: MentionedPath, words: str, field: str, *, required: bool) -> Artifact | None:
        if mention.artifact:
            try:
                return await self._caller.client.artifacts.get(mention.artifact)
            except NotFoundError:
                pass
        if not required:
            return None
        message = f"{field}: there is no file {words} here; upload it to /api/v1/artifacts, or send it as a data: URL."
        raise Reason.ARTIFACT_NOT_FOUND.error(message, field=field, path=words)

    async def _stored(self, url: DataUrl, field: str, *, required: bool) -> Artifact | None:
        try:
            content = url.decode(field)
        except InvalidArgumentError:
            if required:
                raise
            return None
        # A name of its own, and the same in every call of a conversation.
        kind, digest = url.media_type.partition("/")[0], hashlib.sha256(content).hexdigest()[:8]
        name = f"{kind}-{digest}.{paths.ending_of(url.media_type)}"
        return await self._caller.client.artifacts.upload(content, media_type=url.media_type, file_name=name)


def _links(text: str) -> Iterator[links.LinkMention]:
    """Finds the links that stand for files; one inside of a longer quotation is part of a text to work on."""
    for link in links.mentions(text):
        if not links.is_quoted_in_passing(text, link.start, link.end):
            yield link


def _check_link(url: str, field: str, allowed: tuple[str, ...]) -> None:
    host = (urlsplit(url).hostname or "").casefold()
    if host not in allowed and ANY_HOST not in allowed:
        message = (
            f"{field}: links to {host} are not fetched here. Send the file as a data: URL, upload it to "
            f"/api/v1/artifacts and name it as /images/{{sha256}}.png; or whoever runs this gateway allows the site "
            f"with --allowed-link-host {host}."
        )
        raise Reason.PERMISSION_DENIED.error(message, field=field, host=host)
