"""Experts that do what a test says, for task types that people ask for in words."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import Mapping

from orchestrion import ArtifactRef, AsyncClient
from orchestrion.values import Value
from tests.rpc.controller.scripted_host import Behaviour, ScriptedHost


class HeldExpert:
    """An expert that answers while its gate is open, and whose calls wait in front of it otherwise."""

    def __init__(self, behaviour: Behaviour) -> None:
        """Starts with an open gate."""
        self.entered = asyncio.Event()
        self._behaviour = behaviour
        self._gate = asyncio.Event()
        self._gate.set()

    def hold(self) -> None:
        """Closes the gate; `entered` is set when the next call comes."""
        self._gate.clear()
        self.entered.clear()

    def let_go(self) -> None:
        """Opens the gate."""
        self._gate.set()

    async def __call__(self, inputs: Mapping[str, Value]) -> Mapping[str, Value]:
        self.entered.set()
        await self._gate.wait()
        return await self._behaviour(inputs)


def reader() -> HeldExpert:
    """Makes an expert that reads the same text in every picture."""

    async def read(inputs: Mapping[str, Value]) -> Mapping[str, Value]:
        return {"text": "Mind the gap"}

    return HeldExpert(read)


def speaker(client: AsyncClient) -> HeldExpert:
    """Makes an expert that speaks a second of silence, whatever the text."""

    async def speak(inputs: Mapping[str, Value]) -> Mapping[str, Value]:
        speech = await client.artifacts.upload(silence(1.0), file_name="speech.wav")
        return {"audio": ArtifactRef(speech.name)}

    return HeldExpert(speak)


def cleaner() -> HeldExpert:
    """Makes an expert that returns every sound as it is."""

    async def clean(inputs: Mapping[str, Value]) -> Mapping[str, Value]:
        return {"audio": inputs["audio"]}

    return HeldExpert(clean)


def silence(seconds: float, rate: int = 16_000) -> bytes:
    """Makes a WAV file in which nothing is heard; a second takes twice as many bytes as the rate."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, rate, 0, "NONE", ""))
        sound.writeframes(bytes(2 * round(seconds * rate)))
    return file.getvalue()


def scripted_host(name: str, controller: str, experts: Mapping[str, tuple[str, Behaviour]]) -> ScriptedHost:
    """Makes a host with experts by their ids, each for a task type."""
    host = ScriptedHost(name, controller, {expert: behaviour for expert, (_, behaviour) in experts.items()})
    host.facts = {expert: {"task_types": (task_type,)} for expert, (task_type, _) in experts.items()}
    return host
