"""What a link leads to, fetched over HTTP on this machine: bounded in size and time, and never from anywhere else."""

from __future__ import annotations

import contextlib
import http.client
import io
import ssl
import tempfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, cast

from orchestrion import links
from orchestrion._web import pages, sniffing
from orchestrion._web.addresses import check_url
from orchestrion._web.deadline import FetchDeadline
from orchestrion._web.opening import opened
from orchestrion._web.unpacking import CODINGS, ContentDecoder
from orchestrion.errors import OrchestrionError, Reason
from orchestrion.links import Link

Progress = Callable[[int, int | None], None]
"""Takes how many bytes have come, and how many there are; None where the server does not say."""

_PIECE_BYTES: Final = 1 << 16
_IN_MEMORY_BYTES: Final = 1 << 20
_CURE: Final = "Or save it with a browser, and attach the file."


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a link led to."""

    content: BinaryIO
    """The content, at its beginning; of a page, its main text in UTF-8."""
    file_name: str
    """The last part of the link, with the ending of what the content is."""
    media_type: str
    """What it is by its first bytes; empty where they do not say it."""
    size_bytes: int
    url: str
    """Where it came from in the end."""
    is_page: bool
    """Whether it is the text of a page."""


def fetch(link: Link, progress: Progress | None = None) -> Fetched:
    """Fetches what a link leads to.

    Args:
        link: The link, and the limits.
        progress: Takes news while bytes come.

    Raises:
        InvalidArgumentError: The address is none that is fetched.
        UnavailableError: The server does not answer, or broke off.
        DeadlineExceededError: It took longer than the link allows.
        FailedPreconditionError: The server refuses, it is too large, redirected too often, or has nothing to read.
    """
    check_url(link.url)
    content = cast(BinaryIO, tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES))  # noqa: SIM115 - It is handed on.
    try:
        with (
            FetchDeadline(link.timeout_s) as deadline,
            _failures(link, deadline),
            opened(link.url, deadline) as (response, url),
        ):
            _copy(response, content, link, progress or (lambda _received, _total: None))
            if deadline.passed:
                raise TimeoutError  # A connection that was ended for that looks like one that has ended.
            charset = response.headers.get_content_charset("")
        return _named(content, link, url, charset)
    except BaseException:
        content.close()
        raise


def _named(content: BinaryIO, link: Link, url: str, charset: str) -> Fetched:
    size = content.tell()
    if not size:
        raise Reason.LINK_UNUSABLE.error(f"{link.url}: there is nothing at this address. Check it.", url=link.url)
    content.seek(0)
    kind = sniffing.media_type(content.read(sniffing.HEAD_BYTES))
    content.seek(0)
    is_page = kind == sniffing.PAGE
    if is_page:
        with content:
            text = pages.main_text(content.read(), charset, link.url).encode()
        content, kind, size = io.BytesIO(text), sniffing.TEXT, len(text)
    return Fetched(content, sniffing.file_name(links.last_part(link.url), kind), kind, size, url, is_page)


def _copy(response: http.client.HTTPResponse, target: BinaryIO, link: Link, progress: Progress) -> None:
    """Copies the content, unpacked.

    Raises:
        OrchestrionError: It is too large, packed in an unusual way, or ends too early.
    """
    length = response.headers.get("Content-Length", "")
    total = (
        int(length) if length.isdecimal() and "chunked" not in response.headers.get("Transfer-Encoding", "") else None
    )
    if total is not None and total > link.max_bytes:
        raise _too_large(link)
    coding = response.headers.get("Content-Encoding", "").strip().lower()
    if coding not in CODINGS:
        message = f"{link.url} comes packed as {coding!r}, which is not read here. {_CURE}"
        raise Reason.LINK_UNUSABLE.error(message, url=link.url)
    decoder = ContentDecoder(coding)
    received = size = 0
    while piece := response.read1(_PIECE_BYTES):
        received += len(piece)
        for part in decoder.parts(piece):
            size += len(part)
            if size > link.max_bytes:
                raise _too_large(link)
            target.write(part)
        progress(received, total)
    if (total is not None and received < total) or (received and not decoder.complete):
        raise http.client.IncompleteRead(b"")


@contextlib.contextmanager
def _failures(link: Link, deadline: FetchDeadline) -> Iterator[None]:
    """Turns what goes wrong on the way into errors that name the address and the cure."""
    try:
        yield
    except OrchestrionError:
        raise
    except (OSError, http.client.HTTPException, zlib.error) as error:
        if deadline.passed or isinstance(getattr(error, "reason", error), TimeoutError):
            message = (
                f"{link.url} took longer than {deadline.seconds:g} s. Allow more with `timeout_s` of the link "
                f"(ORCHESTRION_LINK_TIMEOUT_S for the command line). {_CURE}"
            )
            raise Reason.DEADLINE_EXCEEDED.error(message, url=link.url) from error
        message = f"{link.url} could not be fetched: {_cause(error)}. Check the address, and try again."
        raise Reason.LINK_UNREACHABLE.error(message, url=link.url) from error


def _cause(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted here ({reason.verify_message})"
    if isinstance(error, zlib.error):
        return "its content is packed wrongly"
    if isinstance(error, http.client.IncompleteRead):
        return "the connection broke off in the middle"
    if isinstance(error, http.client.HTTPException):
        return "what answers does not speak HTTP"
    return getattr(reason, "strerror", None) or str(reason) or type(reason).__name__


def _too_large(link: Link) -> OrchestrionError:
    message = (
        f"{link.url} is larger than {link.max_bytes / 1e6:g} MB. Allow more with `max_bytes` of the link "
        f"(ORCHESTRION_LINK_MAX_BYTES for the command line). {_CURE}"
    )
    return Reason.LINK_UNUSABLE.error(message, url=link.url)
