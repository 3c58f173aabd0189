"""Links to artifacts: written under an answer, and read again when the answer comes back as part of a conversation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from fastapi import Request

from orchestrion import Artifact, names

_CONTENT: Final = re.compile(rf"/api/v1/(artifacts/{names.ARTIFACT_ID})/content")
_LINE: Final = re.compile(
    rf"\n*^!?\[[^\n]*\]\([^\s()]*/api/v1/(artifacts/{names.ARTIFACT_ID})/content\)$", re.MULTILINE
)
_ESCAPED: Final = re.compile(r"([\\\[\]])")


def base_of(request: Request, public_url: str) -> str:
    """Returns the address under which callers reach the gateway, without a slash at its end.

    Args:
        request: The call; its own address counts where there is no other.
        public_url: The address that the gateway was told to have, or empty.
    """
    return public_url or f"{request.url.scheme}://{request.url.netloc}"


def address(base: str, name: str) -> str:
    """Returns the address of an artifact's content."""
    return f"{base}/api/v1/{name}/content"


def named_by(url: str) -> str | None:
    """Returns the artifact that an address of a gateway names; None for any other address."""
    match = _CONTENT.search(url)
    return match[1] if match is not None and url.endswith(match[0]) else None


def written(artifacts: Sequence[Artifact], base: str) -> str:
    """Writes links in Markdown, a line each, images to be shown; empty for no artifacts."""
    return "".join(f"\n\n{_link(artifact, base)}" for artifact in artifacts)


def split(answer: str) -> tuple[str, tuple[str, ...]]:
    """Takes an answer apart: its text without lines of links, and the artifacts that those name."""
    linked = tuple(dict.fromkeys(match[1] for match in _LINE.finditer(answer)))
    return _LINE.sub("", answer) if linked else answer, linked


def _link(artifact: Artifact, base: str) -> str:
    name = _ESCAPED.sub(r"\\\1", " ".join(artifact.file_name.split()) or artifact.name)
    shown = "!" if artifact.media_type.startswith("image/") else ""
    return f"{shown}[{name}]({address(base, artifact.name)})"
