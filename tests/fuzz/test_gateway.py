"""Requests of every kind on every route of a real gateway: statuses that callers can act on, and it goes on."""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any, Final

import httpx2
import pytest
from google.protobuf import json_format

from orchestrion.v1 import run_service_pb2
from tests.fuzz import damage
from tests.fuzz.messages import MessageMaker
from tests.system.processes import Servers, process_of

REQUESTS: Final = 10_000 if os.environ.get("LONG") else 1_500
SEED: Final = os.environ.get("FUZZ_SEED") or "18"
AT_ONCE: Final = 8
FAULTS: Final = frozenset({500, 502})
"""Faults of the gateway's own. Others above 500 say that a server is not there, or too slow."""
SLOW: Final = ("models", ":pull", ":export", ":refresh", ":add", "/mcp")
"""Parts of routes that ask the Hub, or that hold a session open."""

TEXTS: Final = ("", "x", "runs", "0", "-1", "a" * 300, "%00", "..%2f..", "é", "one", "delay", "NaN", "1e9", "null")
TYPES: Final = (
    "application/json",
    "text/plain",
    "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded",
    "",
)
JSON_KEYS: Final = (
    "model",
    "messages",
    "input",
    "text",
    "plan",
    "stream",
    "role",
    "content",
    "type",
    "url",
    "data",
    "n",
)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with Servers(tmp_path_factory.mktemp("gateway")) as servers:
        yield servers


@pytest.mark.fuzz
@pytest.mark.timeout(1_200)
async def test_no_request_is_answered_with_a_fault(servers: Servers) -> None:
    servers.controller()
    servers.host()
    gateway = servers.gateway()
    started = process_of(gateway)
    base = f"http://{gateway.http_address.removeprefix('http://')}"
    counts: Counter[int] = Counter()
    wrong: list[str] = []
    async with httpx2.AsyncClient(base_url=base, trust_env=False, timeout=3) as client:
        routes = routes_of((await client.get("/api/v1/openapi.json")).json())
        numbers = iter(range(REQUESTS))

        async def send() -> None:
            for number in numbers:
                status, about = await one(client, routes, Random(f"{SEED}/http/{number}"))
                counts[status] += 1
                if status in FAULTS:
                    wrong.append(f"{number} {about}")

        await asyncio.gather(*(send() for _ in range(AT_ONCE)))
        print(f"\nFUZZ_SEED={SEED}", {status: counts[status] for status in sorted(counts)})
        print("\n".join(wrong[:20]))
        assert (await client.get("/api/v1/hosts")).status_code == 200
    assert wrong == []
    assert process_of(gateway) == started
    assert "Traceback" not in (servers.home / "servers.log").read_text()


def routes_of(openapi: Any) -> list[tuple[str, str]]:
    """Lists methods and paths, without what asks the Hub; those of other APIs, which have no page, come by hand."""
    own = [(method.upper(), path) for path, methods in openapi["paths"].items() for method in methods]
    posts = (
        "chat/completions",
        "responses",
        "embeddings",
        "images/generations",
        "audio/speech",
        "moderations",
        "files",
    )
    others = [("POST", f"/v1/{name}") for name in (*posts, "audio/transcriptions")]
    others += [("POST", f"/{name}") for name in ("hugginggpt", "tasks", "results")] + [("GET", "/{any}")]
    return [route for route in (*own, *others) if not any(part in route[1] for part in SLOW)]


async def one(client: httpx2.AsyncClient, routes: list[tuple[str, str]], random: Random) -> tuple[int, str]:
    """Sends a request, and returns its status, 0 where there came none in time, and what it was."""
    method, path = random.choice(routes)
    if random.random() < 0.05:
        method = random.choice(("GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"))
    while "{" in path:
        before, _, rest = path.partition("{")
        path = before + (random.choice(TEXTS) or "x") + rest.partition("}")[2]
    content = body(random)
    headers = {"Accept": random.choice(("text/event-stream", "application/json", "*/*"))}
    if kind := random.choice(TYPES) if random.random() < 0.2 else "application/json":
        headers["Content-Type"] = kind
    query = {name: random.choice(TEXTS) for name in ("page_size", "after", "timeout_s") if random.random() < 0.1}
    about = f"{method} {path} {query} {headers} {content[:200]!r}"
    try:
        async with client.stream(method, path, content=content, headers=headers, params=query) as response:
            async for _ in response.aiter_bytes():
                pass
            return response.status_code, about
    except httpx2.HTTPError:
        return 0, about


def body(random: Random) -> bytes:
    """Makes a body: a request in proto3 JSON, JSON of any kind, either of them damaged, or no JSON at all."""
    kind = random.random()
    if kind < 0.4:
        message = MessageMaker(random, {"text": ("do it",), "type": ("test-delay",)}).make(
            run_service_pb2.RunRequest.DESCRIPTOR
        )
        try:
            content = json_format.MessageToJson(message, indent=None).encode()
        except json_format.Error:  # JSON has no nan in data.
            content = b"{}"
    elif kind < 0.9:
        content = json.dumps(anything(random, 0)).encode()
    else:
        content = random.randbytes(random.choice((0, 10, 1_000)))
    return damage.damaged(content, random) if random.random() < 0.2 else content


def anything(random: Random, depth: int) -> Any:
    """Makes JSON data of any shape."""
    kind = random.randrange(8 if depth < 4 else 6)
    if kind < 3:
        return random.choice(
            ("", "do it", "data:,x", "data:image/png;base64,AAAA", "user", "\0", "é" * 50, "http://127.0.0.1:9/x")
        )
    if kind < 6:
        return random.choice((None, True, False, 0, -1, 1e308, 2**63, 0.5))
    if kind == 6:
        return [anything(random, depth + 1) for _ in range(random.randint(0, 3))]
    return {random.choice(JSON_KEYS): anything(random, depth + 1) for _ in range(random.randint(0, 6))}
