"""The calls of `orchestrion.Client` that store and fetch artifacts."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from orchestrion._content import media
from orchestrion._content.byte_sources import check_files, open_source, stored_name
from orchestrion._net import transfers
from orchestrion._net.endpoint import Endpoint
from orchestrion._net.resumption import ArtifactBytes
from orchestrion._net.retries import RetryPolicy
from orchestrion._rpcs import artifacts as rpcs
from orchestrion._sync.connection import Connection
from orchestrion.content import Attachment, Content, Sound
from orchestrion.listings import Page
from orchestrion.runs import Artifact
from orchestrion.values import ArtifactRef


class ArtifactClient:
    """Stores and fetches artifacts; `orchestrion.Client` is one."""

    def __init__(self, endpoint: Endpoint, policy: RetryPolicy) -> None:
        """Makes the connection to be, which all calls share."""
        self._policy = policy
        self._connection = Connection(endpoint, policy)

    def upload(
        self,
        source: Content,
        *,
        media_type: str | None = None,
        file_name: str | None = None,
        timeout: float | None = None,
    ) -> Artifact:
        """Stores a file, or a value, of any size.

        An upload whose connection breaks is sent again from its beginning, if the source can be read again.

        Args:
            source: A path (every `str` is one), bytes, a file opened for reading them, a PIL image, an array of uint8
                pixels, or a `Sound`. Files are read from where they are; pictures become PNG, and sounds WAV.
            media_type: The media type; None for that of the value, or lets the controller find out.
            file_name: The file name; None for the file's own.
            timeout: How long it may take, in seconds; None for as long as bytes go, as `idle_timeout` says.

        Raises:
            InvalidArgumentError: It is empty, or the value is of no kind that can be sent.
            ResourceExhaustedError: It is too large, or the controller's disk is full.
            OSError: The file cannot be read.
        """
        return self._upload(source, "source", media_type, file_name, timeout)

    def download(
        self, artifact: str | Artifact | ArtifactRef, to: str | os.PathLike[str], *, timeout: float | None = None
    ) -> Path:
        """Saves an artifact, checked against its hash, and returns where.

        A download whose connection breaks goes on where it was.

        Args:
            artifact: The artifact, or its name.
            to: A folder that exists, or ends in `/` and is made: the artifact's own file name is used, numbered if it
                is taken. Or a path, which is replaced if it is there.
            timeout: How long it may take, in seconds; None for as long as bytes come, as `idle_timeout` says.

        Raises:
            NotFoundError: There is no such artifact.
            OSError: The file cannot be written.
        """
        name = transfers.artifact_name(artifact)
        with transfers.Download(name, to) as download:
            for message in self._connection.stream(ArtifactBytes(name), timeout, idle_s=self._policy.idle_timeout):
                download.take(message)
        return download.path

    def read(self, artifact: str | Artifact | ArtifactRef, *, timeout: float | None = None) -> bytes:
        """Returns the content of an artifact; the timeout is as that of `download`.

        Raises:
            NotFoundError: There is no such artifact.
        """
        collected = transfers.Collected(transfers.artifact_name(artifact))
        for message in self._connection.stream(
            ArtifactBytes(collected.name), timeout, idle_s=self._policy.idle_timeout
        ):
            collected.take(message)
        return collected.content()

    def image(self, artifact: str | Artifact | ArtifactRef, *, timeout: float | None = None) -> Any:
        """Returns a picture as a `PIL.Image.Image`; the timeout is as that of `download`.

        Raises:
            NotFoundError: There is no such artifact.
            InvalidArgumentError: It is no picture that PIL can read.
            FailedPreconditionError: Pillow is not installed.
        """
        return media.picture_of(self.read(artifact, timeout=timeout), transfers.artifact_name(artifact))

    def sound(self, artifact: str | Artifact | ArtifactRef, *, timeout: float | None = None) -> Sound:
        """Returns a WAV file as `samples, sample_rate`: a NumPy array of int16, (n,) or (n, channels), and Hz.

        Raises:
            NotFoundError: There is no such artifact.
            InvalidArgumentError: It is no WAV file of whole numbers.
            FailedPreconditionError: NumPy is not installed.
        """
        return media.sound_of(self.read(artifact, timeout=timeout), transfers.artifact_name(artifact))

    def get_artifact(self, artifact: str, *, timeout: float | None = None) -> Artifact:
        """Gets the description of an artifact.

        Raises:
            NotFoundError: There is no such artifact.
        """
        return self._connection.unary(rpcs.get(artifact), timeout)

    def list_artifacts(
        self, page_size: int = 100, page_token: str = "", *, timeout: float | None = None
    ) -> Page[Artifact]:
        """Lists artifacts, newest first."""
        return self._connection.unary(rpcs.list_page(page_size, page_token), timeout)

    def delete_artifact(self, artifact: str | Artifact | ArtifactRef, *, timeout: float | None = None) -> None:
        """Deletes an artifact.

        Raises:
            NotFoundError: There is no such artifact.
        """
        self._connection.unary(rpcs.delete(transfers.artifact_name(artifact)), timeout)

    def _names(self, files: Iterable[Attachment]) -> list[str]:
        """Uploads what is not an artifact yet, and names all."""
        return [
            stored_name(file) or self._upload(file, f"files[{index}]", None, None, None).name  # type: ignore[arg-type]
            for index, file in enumerate(check_files(files))
        ]

    def _upload(
        self, source: Content, field: str, media_type: str | None, file_name: str | None, timeout: float | None
    ) -> Artifact:
        content = open_source(source, field)
        rpc = rpcs.upload(
            content.media_type if media_type is None else media_type,
            content.file_name if file_name is None else file_name,
            content.size_bytes,
        )
        with transfers.Upload(content) as upload:
            return upload.check(self._connection.send(rpc, upload, timeout))
