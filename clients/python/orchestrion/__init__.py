"""Talks to an Orchestrion controller: the SDK, the command line and the names and values both sides share.

    import orchestrion

    with orchestrion.Client() as client:
        answer = client.ask("Read the text in this picture aloud.", ["sign.jpg"])
        print(answer.text, client.artifacts.download(answer.artifacts[0], "."))

`Client` is for programs without an event loop, `AsyncClient` for asyncio; their `hosts.connect` gives a `HostClient` or
an `AsyncHostClient` for one host's experts and models. `embedded` and `async_embedded` start private servers for one
program. `orchestrion.testing` has a controller for the tests of programs that use these.

`__init__.pyi` lists the public names. They are loaded when they are first used, so that what does not need gRPC does
not wait for it.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
