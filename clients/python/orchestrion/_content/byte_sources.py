"""What a file or value passed to a client is: an artifact that the controller has, or bytes and how to read them."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, Final, cast

from orchestrion import links, names
from orchestrion._content import media
from orchestrion.content import Attachment, Content, Sound
from orchestrion.errors import OrchestrionError, Reason
from orchestrion.links import Link
from orchestrion.runs import Artifact
from orchestrion.values import ArtifactRef

_HALVES: Final = re.compile("[\ud800-\udfff]")


class ByteSource:
    """Content that can be read from a position. Used as a context manager, which closes what it opened itself."""

    def __init__(self, content: BinaryIO | memoryview, *, file_name: str, media_type: str, owned: bool) -> None:
        """Starts at the position of the file; `owned` files are closed in the end."""
        self._content, self._owned = content, owned
        self.file_name = file_name
        """The file's own name; empty where there is none."""
        self.media_type = media_type
        """The media type; empty where only the content says it."""
        self.rewindable = isinstance(content, memoryview) or content.seekable()
        """Whether it can be read again."""
        self._start = 0 if isinstance(content, memoryview) or not self.rewindable else content.tell()
        self.size_bytes = self._size()
        """The size; 0 where it shows only at the end, as of a pipe."""

    def read(self, position: int, size: int) -> bytes:
        """Reads at a position, at most so many bytes; what cannot be rewound is read in order.

        Raises:
            OSError: It cannot be read.
        """
        if isinstance(self._content, memoryview):
            return bytes(self._content[position : position + size])
        if self.rewindable:
            self._content.seek(self._start + position)
        return self._content.read(size)

    def close(self) -> None:
        """Closes the file, if it was opened here."""
        if self._owned and not isinstance(self._content, memoryview):
            self._content.close()

    def _size(self) -> int:
        if isinstance(self._content, memoryview):
            return len(self._content)
        if not self.rewindable:
            return 0
        end = self._content.seek(0, os.SEEK_END)
        self._content.seek(self._start)
        return max(0, end - self._start)


def check_files(files: Iterable[Attachment]) -> list[Attachment]:
    """Returns the files as a list.

    Raises:
        InvalidArgumentError: They are one file, and no list; a `str` would be taken for a list of letters.
    """
    if isinstance(files, str | bytes | os.PathLike) or not isinstance(files, Iterable):
        raise Reason.INVALID_FIELD.error(f"files: give a list, such as [{_shown(files)}].", field="files")
    return list(files)


def stored_name(attachment: Attachment) -> str | None:
    """Returns the name of an attachment that the controller has already; None for content."""
    if isinstance(attachment, Artifact | ArtifactRef):
        return attachment.name
    # An artifact's name is also a path; nobody calls a file in a folder `artifacts` by 64 hexadecimal digits.
    if isinstance(attachment, str | os.PathLike) and names.is_artifact(text := os.fspath(attachment)):
        return text
    return None


def open_source(value: Content, field: str) -> ByteSource:
    """Opens content, whatever it is; images become PNG here, sounds WAV, and links are fetched.

    Args:
        value: The content.
        field: What the argument is called, for errors.

    Raises:
        OSError: The file cannot be opened.
        InvalidArgumentError: The value is no content, or has a type or shape that no image or sound has.
        OrchestrionError: What a link leads to cannot be fetched or used.
    """
    if isinstance(value, str | os.PathLike):
        path = Path(value)
        if isinstance(value, str) and links.is_link(value) and not path.exists():
            text = (
                f"{field}: every text is a path; what a web address leads to is given as orchestrion.Link({value!r})."
            )
            raise Reason.INVALID_FIELD.error(text, field=field)
        return ByteSource(open(path, "rb"), file_name=_as_text(path.name), media_type="", owned=True)
    if isinstance(value, Link):
        from orchestrion._web.fetching import fetch

        fetched = fetch(value)
        # The controller finds the media type out by itself, as that of a file.
        return ByteSource(fetched.content, file_name=fetched.file_name, media_type="", owned=True)
    if isinstance(value, Sound):
        return _made(media.wav_of_sound(value, field), "audio/wav")
    if media.is_image(value):
        return _made(media.png_of_image(value, field), "image/png")
    if isinstance(value, io.TextIOBase):
        text = f"{field}: the file is opened as text; open it with mode 'rb', or give its path."
        raise Reason.INVALID_FIELD.error(text, field=field)
    if hasattr(value, "read"):
        name = getattr(value, "name", "")
        file_name = _as_text(Path(name).name) if isinstance(name, str) else ""
        return ByteSource(cast(BinaryIO, value), file_name=file_name, media_type="", owned=False)
    try:
        view = memoryview(value)  # type: ignore[arg-type]  # That is the question.
    except (TypeError, BufferError, ValueError) as error:
        raise _no_content(value, field) from error
    if view.ndim == 1 and view.format in {"B", "b", "c"}:
        return _made(view.tobytes() if not view.c_contiguous else view, "")
    if view.ndim == 1:
        text = f"{field}: one row of numbers is no picture; a sound is given as Sound(samples, sample_rate)."
        raise Reason.INVALID_FIELD.error(text, field=field)
    return _made(media.png_of_array(view, field), "image/png")


def _as_text(name: str) -> str:
    """Returns a file's name as text: bytes of it that are no UTF-8, as on old disks, become U+FFFD.

    Python reads such bytes as halves of a pair (surrogates), which no message can carry.
    """
    return _HALVES.sub("\ufffd", name)


def _made(content: bytes | memoryview, media_type: str) -> ByteSource:
    return ByteSource(memoryview(content).cast("B"), file_name="", media_type=media_type, owned=False)


def _no_content(value: object, field: str) -> OrchestrionError:
    return Reason.INVALID_FIELD.error(
        f"{field}: {type(value).__name__} is no file; give a path, bytes, an open file, a PIL image, an array of uint8 "
        "pixels, a Sound, a Link or an artifact.",
        field=field,
    )


def _shown(files: object) -> str:
    return repr(files) if isinstance(files, str | os.PathLike) else "content"
