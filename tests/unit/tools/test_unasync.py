"""The sync clients: made from the asyncio ones, up to date, and free of asyncio."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import unasync


def test_every_generated_module_is_up_to_date_and_says_where_it_comes_from() -> None:
    for path, text in unasync.modules().items():
        assert path.read_text("utf-8") == text, f"{path.name}: run `make unasync`"
        assert text.startswith(f"# Made from _async/{path.name} by tools/unasync.py")


def test_code_and_docstrings_are_those_of_threads() -> None:
    source = '''
class AsyncThings:
    """Looks after things, as `AsyncClient.things`; `watch` returns an asynchronous iterator."""

    async def get(self) -> AsyncGenerator[Thing | None, None]:
        async with aclosing(self.watch()) as things:
            async for thing in things:
                yield await self._channel.unary(thing)
'''
    assert (
        unasync.translated(source)
        == '''
class Things:
    """Looks after things, as `Client.things`; `watch` returns an iterator."""

    def get(self) -> Generator[Thing | None, None, None]:
        with closing(self.watch()) as things:
            for thing in things:
                yield self._channel.unary(thing)
'''
    )


def test_what_only_asyncio_has_belongs_in_a_hand_written_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "_async" / "things.py"
    source.parent.mkdir()
    source.write_text("import asyncio\n\nlock = asyncio.Lock()\n")
    monkeypatch.setattr(unasync, "PACKAGE", tmp_path)
    with pytest.raises(ValueError, match=r"things\.py:2: 'asyncio' is left: import asyncio"):
        unasync.generated(source)
