"""Files and links on their way to the controller; what is fetched for a link is told before and after."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from orchestrion.cli import exits

if TYPE_CHECKING:
    from orchestrion._sync.client import Client
    from orchestrion._web.fetching import Fetched, Progress
    from orchestrion.cli.objects.sources import Source
    from orchestrion.links import Link
    from orchestrion.runs import Artifact
    from orchestrion.values import ArtifactRef

_SILENT_S: Final = 1.0
"""A bar is drawn only for what takes longer."""


def upload_all(client: Client, sources: Iterable[Source]) -> list[ArtifactRef]:
    """Uploads what is attached, in order, ahead of the call that starts the run: that call can then be repeated.

    Raises:
        OrchestrionError: As for `upload`.
        OSError: A file cannot be read.
    """
    from orchestrion.values import ArtifactRef

    return [ArtifactRef(upload(client, source).name) for source in sources]


def upload(client: Client, source: Source) -> Artifact:
    """Uploads a file, or what a link leads to.

    Raises:
        OrchestrionError: It is empty or too large, the link leads nowhere, or the controller does not answer.
        OSError: The file cannot be read.
    """
    if isinstance(source, Path):
        return client.artifacts.upload(source)
    fetched = _fetched(source)
    with fetched.content:
        return client.artifacts.upload(fetched.content, file_name=fetched.file_name)


def _fetched(link: Link) -> Fetched:
    from rich.filesize import decimal

    from orchestrion._web.addresses import check_url
    from orchestrion._web.fetching import fetch
    from orchestrion.cli.printer import printable

    check_url(link.url)
    exits.tell(printable(f"Fetching {link.url}"))
    with _bar() as progress:
        fetched = fetch(link, progress)
    what = ", the text of the page" if fetched.is_page else ""
    where = "" if fetched.url == link.url else f", from {fetched.url}"
    exits.tell(printable(f"Fetched {fetched.file_name} ({decimal(fetched.size_bytes)}{what}){where}"))
    return fetched


@contextmanager
def _bar() -> Iterator[Progress | None]:
    """Gives what draws a bar on the terminal once it takes long; it is wiped away in the end."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn

    start = time.monotonic()
    with ExitStack() as stack:
        bars: list[Progress] = []

        def show(received: int, total: int | None) -> None:
            if not bars and time.monotonic() - start < _SILENT_S:
                return
            if not bars:
                columns = BarColumn(), DownloadColumn(), TransferSpeedColumn()
                bars.append(stack.enter_context(Progress(*columns, console=Console(stderr=True), transient=True)))
                bars[0].add_task("", total=total)
            bars[0].update(bars[0].task_ids[0], completed=received)

        yield show
