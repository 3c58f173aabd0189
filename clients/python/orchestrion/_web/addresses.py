"""Which addresses are fetched: those of HTTP, without passwords; no redirect leads from outside into this network."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from orchestrion.errors import Reason

_KEPT = "/?:@!$&'()*+,;=~%-._[]"
"""What stands in an address as it is, besides letters and digits; `%` since what is encoded stays so."""


def check_url(url: str, field: str = "url") -> SplitResult:
    """Returns the parts of an address that may be fetched.

    Raises:
        InvalidArgumentError: It is none of HTTP, or has a password in it.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
        encoded(url)
    except ValueError as error:
        message = f"{field}: {url!r} is no web address: {error}. Give one such as https://example.org/menu.jpg."
        raise Reason.INVALID_FIELD.error(message, field=field) from error
    if parts.scheme.lower() not in ("http", "https") or not host:
        message = f"{field}: {url!r} is not fetched; give an address that begins with http:// or https://, or a file."
        raise Reason.INVALID_FIELD.error(message, field=field)
    if parts.username or parts.password:
        # The message does not repeat the password.
        message = (
            f"{field}: an address with a user name or password in it is not fetched ({host}): it would travel with the "
            "request. Save the file yourself, and attach it."
        )
        raise Reason.INVALID_FIELD.error(message, field=field)
    return parts


def check_redirect(origin: str, target: str) -> None:
    """Makes sure that a redirect may be followed.

    Raises:
        InvalidArgumentError: The target may not be fetched at all.
        FailedPreconditionError: It leads from the internet into this machine or its network. Whoever means such an
            address can give it; a page of somebody else may not choose it.
    """
    before, after = check_url(origin), check_url(target, "redirect")
    if before.hostname != after.hostname and is_inside(after.hostname or "") and not is_inside(before.hostname or ""):
        message = (
            f"{origin} redirects to {target}, in this machine or its own network, and is not followed there. "
            "If that is what you mean, give that address."
        )
        raise Reason.LINK_UNUSABLE.error(message, url=origin)


def is_inside(host: str) -> bool:
    """Whether a host is this machine or in a private network; not where its addresses cannot be found."""
    try:
        addresses = {str(each[4][0]).partition("%")[0] for each in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return False
    return any(not ipaddress.ip_address(address).is_global for address in addresses)


def encoded(url: str) -> str:
    """Writes an address as it is sent: letters beyond ASCII encoded, without the part that only a browser uses.

    Raises:
        ValueError: The host is none.
    """
    parts = urlsplit(url)
    netloc = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode()
    if any(letter.isspace() or not letter.isprintable() for letter in netloc):
        raise ValueError("its host has spaces or control characters")
    return urlunsplit((parts.scheme.lower(), netloc, quote(parts.path, _KEPT) or "/", quote(parts.query, _KEPT), ""))
