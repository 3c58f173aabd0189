"""Writes the reference pages from what they describe: `make docs`. `--check` only says which are out of date."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from docs.pages.clients import clients_page
from docs.pages.errors import errors_page
from docs.pages.metrics import metrics_page
from docs.pages.reference import reference_pages
from docs.pages.selection import selection_page
from docs.pages.settings import settings_page
from docs.pages.tasks import tasks_page

FOLDER: Final = Path(__file__).parent

PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "clients.md": clients_page,
    "errors.md": errors_page,
    "metrics.md": metrics_page,
    "selection.md": selection_page,
    "settings.md": settings_page,
    "tasks.md": tasks_page,
    **reference_pages(),
}


def stale() -> Iterator[Path]:
    """Yields the pages that are missing, not what they should be, or of a module that is gone."""
    for name, make in PAGES.items():
        path = FOLDER / name
        if not path.is_file() or path.read_text("utf-8") != _page(make):
            yield path
    for path in sorted((FOLDER / "reference").glob("*.md")):
        if _name(path) not in PAGES:
            yield path


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the pages, or checks them; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a page is out of date")
    check = parser.parse_args(argv).check
    paths = list(stale())
    for path in paths:
        if not check:
            _write(path)
        sys.stderr.write(f"{_name(path)} {'is out of date; run `make docs`' if check else 'written'}\n")
    return 1 if check and paths else 0


def _name(path: Path) -> str:
    return path.relative_to(FOLDER).as_posix()


def _write(path: Path) -> None:
    make = PAGES.get(_name(path))
    if make is None:
        path.unlink()
    else:
        path.parent.mkdir(exist_ok=True)
        path.write_text(_page(make), "utf-8")


def _page(make: Callable[[], str]) -> str:
    return f"<!-- Made by docs/make_reference.py from the code: `make docs` makes it anew. -->\n\n{make()}"


if __name__ == "__main__":
    sys.exit(main())
