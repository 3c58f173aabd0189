"""Places on a host where more callers want one than there are."""

from __future__ import annotations

import asyncio

from orchestrion_controller.executor.slots import FairSlots


async def test_callers_take_turns_for_what_is_given_back() -> None:
    slots, served = FairSlots(1), []

    async def call(caller: str) -> None:
        await slots.acquire(caller)
        served.append(caller)

    await slots.acquire("first")
    tasks = [asyncio.create_task(call(caller)) for caller in "aaaab"]
    for _ in tasks:
        await asyncio.sleep(0)
        slots.release()
    await asyncio.gather(*tasks)
    assert "".join(served) == "abaaa"


async def test_a_call_that_is_cancelled_in_the_moment_of_its_turn_passes_the_place_on() -> None:
    slots = FairSlots(1)
    await slots.acquire("first")
    cancelled, waiting = (asyncio.create_task(slots.acquire(caller)) for caller in "ab")
    await asyncio.sleep(0)
    slots.release()
    cancelled.cancel()
    await waiting
    assert cancelled.cancelled()
    slots.release()
    async with asyncio.timeout(1):
        await slots.acquire("last")


async def test_a_call_that_is_cancelled_while_it_waits_takes_no_place() -> None:
    slots = FairSlots(1)
    await slots.acquire("first")
    cancelled = asyncio.create_task(slots.acquire("a"))
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.wait([cancelled])
    slots.release()
    async with asyncio.timeout(1):
        await slots.acquire("last")
