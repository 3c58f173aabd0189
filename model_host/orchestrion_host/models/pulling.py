"""Fetches models. One that is fetched already by another call is fetched once, and both see its progress."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from typing import Any, Final

import msgspec

from orchestrion.errors import Reason
from orchestrion.models import ModelProgress
from orchestrion.values import JsonObject
from orchestrion_host.catalogue import snapshots
from orchestrion_host.catalogue.facts import ModelFacts
from orchestrion_host.changes import Changes
from orchestrion_host.models import cards, hub, sizes
from orchestrion_host.models.collection import Collection

_log = logging.getLogger(__name__)
_REGISTERED: Final = "registered"


class Pulling:
    """Fetches models, and registers them when all of their files are there."""

    def __init__(self, collection: Collection, *, has_graphics: bool) -> None:
        """Keeps the catalogue, and whether the host has a graphics processor."""
        self._collection = collection
        self._has_graphics = has_graphics
        self._going: dict[str, _Pull] = {}

    def is_going(self, expert_id: str) -> bool:
        """Whether an expert is fetched now."""
        return expert_id in self._going

    async def pull(self, expert_id: str) -> AsyncGenerator[ModelProgress, None]:
        """Fetches an expert's files and yields the progress; the last tells that it is registered.

        When nobody follows any more, the transfer ends; what was fetched is kept for the next one.

        Raises:
            OrchestrionError: As the API says of `PullModel`.
        """
        facts = self._collection.get(expert_id).facts
        if facts.checkpoints and not _is_there(facts):
            going = self._going.get(expert_id)
            if going is None or going.abandoned:
                going = self._going[expert_id] = _Pull(lambda own: self._run(facts, own))
            async with contextlib.aclosing(going.follow()) as progress:
                async for step in progress:
                    yield step
        total = self._collection.get(expert_id).facts.download_bytes
        yield ModelProgress(_REGISTERED, total, total, self._collection.peek(expert_id).describe())

    async def close(self) -> None:
        """Ends all transfers."""
        tasks = [pull.task for pull in self._going.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, facts: ModelFacts, going: _Pull) -> None:
        try:
            async with contextlib.aclosing(hub.pull(facts)) as lines:
                async for line in lines:
                    if "result" in line:
                        self._register(facts, line["result"])
                    else:
                        going.tell(ModelProgress(line["message"], line["done_bytes"], line["total_bytes"]))
        finally:
            if self._going.get(facts.id) is going:
                del self._going[facts.id]
            going.end()

    def _register(self, before: ModelFacts, facts_by_model: Mapping[str, JsonObject]) -> None:
        entry = self._collection.find(before.id)
        if entry is None or entry.facts.source.hub != before.source.hub:
            text = f"{before.id} was removed while its files were fetched."
            raise Reason.EXPERT_NOT_FOUND.error(text, expert=before.id)
        facts = pinned(entry.facts, facts_by_model, has_graphics=self._has_graphics)
        absent = [model for model in facts.checkpoints if snapshots.find(facts, model) is None]
        if absent:
            text = f"{absent[0]} was fetched, and is not in the cache {snapshots.cache_folder()}."
            raise Reason.INTERNAL.error(text, expert=facts.id)
        self._collection.put(facts)
        _log.info("%s was fetched: %.1f MB", facts.id, facts.download_bytes / 1e6)


class _Pull:
    """A transfer going on, and who follows it."""

    def __init__(self, run: Callable[[_Pull], Coroutine[Any, Any, None]]) -> None:
        self._latest = ModelProgress("waiting for the Hub")
        self._changes = Changes()
        self._followers = 0
        self.abandoned = False
        self.task = asyncio.create_task(run(self))

    def tell(self, progress: ModelProgress) -> None:
        self._latest = progress
        self._changes.notify()

    def end(self) -> None:
        self._changes.notify()

    async def follow(self) -> AsyncGenerator[ModelProgress, None]:
        """Yields the newest progress whenever there is one; raises what ended the transfer."""
        task = self.task
        self._followers += 1
        try:
            while not task.done():
                seen = self._changes.count
                yield self._latest
                if not task.done():
                    await self._wait(task, seen)
            if task.cancelled():
                raise Reason.HOST_DRAINING.error("This host is shutting down and fetches nothing any more.")
            task.result()
            yield self._latest
        finally:
            self._followers -= 1
            if not self._followers and not task.done():
                self.abandoned = True
                task.cancel()
                # The program of the transfer is gone when this returns.
                await asyncio.gather(task, return_exceptions=True)

    async def _wait(self, task: asyncio.Task[None], seen: int) -> None:
        change = asyncio.ensure_future(self._changes.wait(seen))
        try:
            await asyncio.wait([task, change], return_when=asyncio.FIRST_COMPLETED)
        finally:
            change.cancel()


def _is_there(facts: ModelFacts) -> bool:
    """Whether what was pinned at an earlier pull is still there, so that nothing is to be fetched."""
    return bool(facts.source.files) and all(snapshots.find(facts, model) for model in facts.checkpoints)


def pinned(facts: ModelFacts, facts_by_model: Mapping[str, JsonObject], *, has_graphics: bool) -> ModelFacts:
    """Returns an entry with what was fetched: commits, files, hashes, and what follows from them.

    Args:
        facts: The entry before.
        facts_by_model: What `hub.pulling.pull` returns.
        has_graphics: Whether the host has a graphics processor.
    """
    source = facts.source
    bytes_of = {model: sum(item["files"].values()) for model, item in facts_by_model.items()}
    # That of the part that it is named after, as a ControlNet is, or of the whole.
    own = facts_by_model.get(facts.model) or facts_by_model.get(source.hub) or {}
    return msgspec.structs.replace(
        facts,
        revision=facts_by_model[source.hub]["commit"] if source.hub else facts.revision,
        download_bytes=sum(bytes_of.values()),
        memory_bytes=sizes.estimate(
            facts_by_model.values(), runtime=facts.runtime, options=facts.options, has_graphics=has_graphics
        ),
        license=facts.license or cards.license_of(own),
        download_count=int(own.get("downloads", 0)) or facts.download_count,
        like_count=int(own.get("likes", 0)) or facts.like_count,
        source=msgspec.structs.replace(
            source,
            part_revisions={
                **source.part_revisions,
                **{
                    part: facts_by_model[place]["commit"]
                    for part, place in source.parts.items()
                    if place in facts_by_model
                },
            },
            sha256={**source.sha256, **(facts_by_model[source.hub]["sha256"] if source.hub else {})},
            files={model: item["files"] for model, item in facts_by_model.items()},
            sizes=bytes_of,
        ),
    )
