"""The main text of a web page, without its menus and advertisements."""

from __future__ import annotations

import logging
from types import ModuleType

from orchestrion.errors import Reason


def main_text(page: bytes, charset: str, url: str) -> str:
    """Reads the main text of a page.

    Args:
        page: The page, as it was fetched.
        charset: The encoding that the server names; empty where it names none.
        url: Its address, for errors.

    Raises:
        FailedPreconditionError: There is no such text, or the package that finds it is not installed.
    """
    text = _reader(url).extract(_decoded(page, charset), include_comments=False)
    if not text:
        message = (
            f"{url} is a page without a main text that can be read here; some pages write theirs only in a browser. "
            "Save the page or its picture from there, and attach the file."
        )
        raise Reason.LINK_UNUSABLE.error(message, url=url)
    return str(text)


def _decoded(page: bytes, charset: str) -> str | bytes:
    """Decodes a page as the server says, if that is right; else its encoding is found out with its text."""
    try:
        return page.decode(charset) if charset else page
    except (LookupError, UnicodeDecodeError):
        return page


def _reader(url: str) -> ModuleType:
    try:
        import trafilatura
    except ImportError as error:
        message = (
            f"{url} is a page, and reading pages needs a package that is not installed here; install it with: "
            "pip install 'orchestrion[web]'. Or save the page's text, and attach the file."
        )
        raise Reason.NOT_CONFIGURED.error(message, package="trafilatura") from error
    # What it has to say of a page's markup is nothing for a person; with no handler at all, Python would print it.
    logging.getLogger("trafilatura").addHandler(logging.NullHandler())
    return trafilatura
