"""The methods of the services as constants that know the types of what is sent and of what comes back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from protos.generators import domain
from protos.generators.api import PACKAGE, Api, stub_module

PATH: Final = domain.PACKAGE / "_rpcs" / "methods.py"

_KINDS: Final = {
    (False, False): "UnaryMethod",
    (False, True): "StreamMethod",
    (True, False): "UploadMethod",
    (True, True): "Method",
}
"""The class in `orchestrion._rpcs.rpc`, by whether the client and the server stream."""

_HEAD: Final = '''\
"""The methods of the API's services. Made from protos/ by `make protos`: do not edit."""

from __future__ import annotations

from typing import Final

'''


def generate(api: Api) -> dict[Path, str]:
    """Returns the file's text, by its path."""
    return {PATH: "\n".join(_lines(api)) + "\n"}


def _lines(api: Api) -> Iterator[str]:
    def module(message: str) -> str:
        return stub_module(api.files[message])

    used = {message for method in api.methods for message in (method.request, method.answer)}
    own = sorted({module(message) for message in used if message.startswith(PACKAGE)})
    foreign = sorted({module(message) for message in used if not message.startswith(PACKAGE)})
    yield _HEAD + f"from google.protobuf import {', '.join(foreign)}\n"
    yield f"from orchestrion._rpcs.rpc import {', '.join(sorted(_KINDS.values()))}"
    yield f"from orchestrion.v1 import {', '.join(own)}\n"
    for method in api.methods:
        constant = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", method.name).upper()
        types = [f"{module(message)}.{message.rpartition('.')[2]}" for message in (method.request, method.answer)]
        arguments = [f'"/{PACKAGE}.{method.service}/{method.name}"', *types]
        kind = _KINDS[method.client_streams, method.server_streams]
        yield f"{constant}: Final = {kind}({', '.join(arguments)})"
