"""Calls that are forms: fields and files, bounded like uploads, in one place."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from orchestrion import Artifact, AsyncClient, Reason
from orchestrion_gateway.bodies import bounded_form, media_type_of
from orchestrion_gateway.config import GatewayConfig

_MOST_PARTS: Final = 100
_UNTYPED: Final = frozenset({"", "application/octet-stream"})


@dataclass(frozen=True, slots=True)
class CallForm:
    """A form that was sent."""

    fields: dict[str, Any]
    """Its fields by name; `name[]` is a list under `name`, and so is a name that comes more than once."""
    files: dict[str, list[UploadFile]]
    """Its files by name, in the same way; valid until the form is closed."""

    def one_file(self, name: str) -> UploadFile:
        """Returns the one file of a name.

        Raises:
            InvalidArgumentError: There is none, or more than one.
        """
        files = self.files.get(name, [])
        if len(files) != 1:
            problem = "it is required: a file" if not files else f"one file is taken, not {len(files)}"
            raise Reason.INVALID_FIELD.error(f"{name}: {problem}.", field=name)
        return files[0]

    def check_files(self, *names: str) -> None:
        """Refuses files of other names.

        Raises:
            InvalidArgumentError: There is one.
        """
        for name in self.files:
            if name not in names:
                raise Reason.INVALID_FIELD.error(f"{name}: no such file is used here.", field=name)


@asynccontextmanager
async def sent_form(request: Request, config: GatewayConfig) -> AsyncGenerator[CallForm, None]:
    """Reads a form, and closes its files in the end.

    Raises:
        HTTPException: The body is none.
        ResourceExhaustedError: It is too large.
    """
    if media_type_of(request) != "multipart/form-data":
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The body must be a form: multipart/form-data")
    form_request = bounded_form(request, config.max_upload_bytes)
    async with form_request.form(max_files=_MOST_PARTS, max_fields=_MOST_PARTS) as form:
        fields: dict[str, Any] = {}
        files: dict[str, list[UploadFile]] = {}
        for name, part in form.multi_items():
            plain = name.removesuffix("[]")
            if isinstance(part, UploadFile):
                files.setdefault(plain, []).append(part)
            elif plain != name or plain in fields:
                before = fields.get(plain, [])
                fields[plain] = [*(before if isinstance(before, list) else [before]), part]
            else:
                fields[plain] = part
        yield CallForm(fields, files)


async def stored(client: AsyncClient, file: UploadFile) -> Artifact:
    """Stores a file of a form as an artifact."""
    plain = (file.content_type or "").partition(";")[0].strip().casefold()
    media_type = None if plain in _UNTYPED else plain
    return await client.artifacts.upload(file.file, media_type=media_type, file_name=file.filename or "")
