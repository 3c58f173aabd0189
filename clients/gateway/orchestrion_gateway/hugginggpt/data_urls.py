"""`data:` URLs in a text (RFC 2397): files that a caller sends in its words."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from orchestrion import Reason

_TYPE: Final = r"(?P<type>[\w.+-]+/[\w.+-]+)(?:;[\w-]+=[\w.+-]+)*"
_BASE64: Final = r";base64,(?P<base64>[A-Za-z0-9+/_-]*={0,2})"
_PLAIN: Final = r",(?P<plain>(?:%[0-9A-Fa-f]{2}|[\w.~!$&*+;:@/?=-])+)"
_DATA_URL: Final = re.compile(rf"(?<!\w)data:{_TYPE}(?:{_BASE64}|{_PLAIN})", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DataUrl:
    """One as it stands in a text."""

    start: int
    """Where it begins, in characters."""
    end: int
    """Where it ends."""
    media_type: str
    """The media type that it says, without parameters, in lower case."""
    encoded: str
    """What it holds, as it is written."""
    is_base64: bool
    """Whether that is Base64; else it is plain, or `%` and hexadecimal digits."""

    def decode(self, field: str) -> bytes:
        """Returns what it holds.

        Args:
            field: What the text is called that it stands in, for errors.

        Raises:
            InvalidArgumentError: It is not in Base64 although it says so, or holds nothing.
        """
        content = b"" if self.is_base64 else unquote_to_bytes(self.encoded)
        if self.is_base64:
            try:
                content = base64.b64decode(self.encoded.replace("-", "+").replace("_", "/"), validate=True)
            except binascii.Error as error:
                message = f"{field}: a data: URL of {self.media_type} is no Base64: {error}."
                raise Reason.INVALID_FIELD.error(message, field=field) from error
        if not content:
            raise Reason.ARTIFACT_EMPTY.error(f"{field}: a data: URL of {self.media_type} holds nothing.", field=field)
        return content


def mentions(text: str) -> Iterator[DataUrl]:
    """Finds those in a text, in order."""
    for match in _DATA_URL.finditer(text):
        is_base64 = match["base64"] is not None
        encoded = match["base64"] if is_base64 else match["plain"]
        yield DataUrl(match.start(), match.end(), match["type"].casefold(), encoded, is_base64)
