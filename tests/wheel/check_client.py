"""Tries the client in an interpreter that has the wheel and its base dependencies only: check_client.py ADDRESS.

Exits with a message when importing the client is heavier than promised, or when a call to the controller fails.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import pkgutil
import sys
import tempfile
from pathlib import Path

HEAVY = {"numpy", "torch", "openai", "orchestrion_controller", "orchestrion_host"}


def main(address: str) -> None:
    """Checks the import, loads every public name and stub, and makes calls to the controller at `address`."""
    import orchestrion
    import orchestrion.v1

    if "grpc" in sys.modules:
        sys.exit("import orchestrion brought grpc, which it should load when it is used")
    for name in dir(orchestrion):
        getattr(orchestrion, name)
    for module in pkgutil.iter_modules(orchestrion.v1.__path__, "orchestrion.v1."):
        importlib.import_module(module.name)
    if heavy := HEAVY & sys.modules.keys():
        sys.exit(f"the client brought {', '.join(sorted(heavy))}")

    content = os.urandom(3_000_000)
    with orchestrion.Client(address) as client, tempfile.TemporaryDirectory() as folder:
        artifact = client.artifacts.upload(content, file_name="random.bin")
        saved = client.artifacts.download(artifact, folder)
        if saved != Path(folder, "random.bin") or saved.read_bytes() != content:
            sys.exit("an artifact came back as another one")
        client.artifacts.delete(artifact)
        hosts = client.hosts.list()
        if any("text-to-speech" in expert.task_types for host in hosts for expert in host.experts):
            plan = orchestrion.Plan((orchestrion.Task("speak", "text-to-speech", {"text": "It works."}),))
            answer = client.ask("Say that it works.", plan=plan)
            if not client.artifacts.read(answer.artifacts[0]).startswith(b"RIFF"):
                sys.exit("the sound is no WAV file")
    check_fake_controller()
    asyncio.run(check_asyncio(address, len(hosts)))
    print(f"{address} lists {len(hosts)} hosts")


def check_fake_controller() -> None:
    """Tests a program as a user would: against the fake controller, with a connection that breaks, and values."""
    import orchestrion
    from orchestrion.testing import FakeController

    with FakeController() as fake, fake.client() as client:
        speech = fake.add(b"RIFF", file_name="speech.wav", media_type="audio/wav")
        fake.expect("Read the sign.").answer("EXIT", artifacts=[speech]).drop(after=2)
        fake.drop_next("Download", after=1)
        answer = client.ask("Read the sign.", [orchestrion.Sound([0.0, 0.5], 8_000)])
        if (answer.text, client.artifacts.read(answer.artifacts[0])) != ("EXIT", b"RIFF"):
            sys.exit("the fake controller gave another answer than it was told")
        try:
            client.artifacts.sound(speech)
        except orchestrion.FailedPreconditionError as error:
            if "pip install numpy" not in str(error):
                sys.exit(f"no cure is named: {error}")
    if heavy := HEAVY & sys.modules.keys():
        sys.exit(f"the client brought {', '.join(sorted(heavy))}")


async def check_asyncio(address: str, host_count: int) -> None:
    """Makes one call with the asyncio client."""
    import orchestrion

    async with orchestrion.AsyncClient(address) as client:
        if len(await client.hosts.list()) != host_count:
            sys.exit("the two clients see different hosts")


if __name__ == "__main__":
    main(sys.argv[1])
