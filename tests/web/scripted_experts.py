"""Experts that do what a test says, for task types that people ask for in words."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import Mapping
from typing import Any, Final

from orchestrion import ArtifactRef, AsyncClient
from orchestrion.values import Value
from tests.rpc.controller.scripted_host import ScriptedHost

SPEAKER: Final = "speaker"
"""The id of the expert that speaks."""


class Speaker:
    """The expert that speaks: a second of silence, which it returns while its gate is open."""

    def __init__(self, client: AsyncClient) -> None:
        """Its results are stored by `client`; the gate is open."""
        self.entered = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self._client = client

    def hold(self) -> None:
        """Closes the gate: the calls that come now wait for it."""
        self.gate.clear()
        self.entered.clear()

    async def __call__(self, inputs: Mapping[str, Value]) -> Mapping[str, Value]:
        self.entered.set()
        await self.gate.wait()
        speech = await self._client.artifacts.upload(silence(1.0), file_name="speech.wav")
        return {"audio": ArtifactRef(speech.name)}


def silence(seconds: float, rate: int = 16_000) -> bytes:
    """Makes a WAV file in which nothing is heard."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, rate, 0, "NONE", ""))
        sound.writeframes(bytes(2 * round(seconds * rate)))
    return file.getvalue()


def scripted_host(name: str, controller: str, **experts: tuple[str, Any]) -> ScriptedHost:
    """Makes a host of experts, each a task type and what it does."""
    host = ScriptedHost(name, controller, {expert: behaviour for expert, (_, behaviour) in experts.items()})
    host.facts = {expert: {"task_types": (task_type,)} for expert, (task_type, _) in experts.items()}
    return host
