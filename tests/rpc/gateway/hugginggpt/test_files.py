"""Files of conversations: no path leaves the store, and no link is followed unless the operator says so."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import httpx2
import pytest

from orchestrion import AsyncClient
from orchestrion.errors import InvalidArgumentError
from orchestrion_gateway.config import GatewayConfig
from tests.rpc.controller.scripted_host import ScriptedHost
from tests.rpc.gateway.conftest import StartGateway
from tests.rpc.gateway.hugginggpt.jarvis import WebApp, user
from tests.rpc.gateway.hugginggpt.test_calls import SIGN

MEDIA_TYPES = {
    "image/png": "images/{}.png",
    "image/jpeg": "images/{}.jpg",
    "audio/wav": "audios/{}.wav",
    "audio/flac": "audios/{}.flac",
    "video/mp4": "videos/{}.mp4",
    "application/pdf": "documents/{}.pdf",
    "text/plain": "documents/{}.txt",
}


async def test_a_file_lies_in_the_folder_of_its_kind_and_in_no_other(
    http: httpx2.AsyncClient, client: AsyncClient
) -> None:
    for media_type, path in MEDIA_TYPES.items():
        stored = await client.artifacts.upload(media_type.encode(), media_type=media_type)
        sha256 = stored.name.removeprefix("artifacts/")
        content = await http.get(f"/{path.format(sha256)}")
        assert (content.status_code, content.content) == (200, media_type.encode())
        ending = path.rpartition(".")[2]
        for folder in {"images", "audios", "videos", "documents"} - {path.partition("/")[0]}:
            elsewhere = await http.get(f"/{folder}/{sha256}.{ending}")
            assert (elsewhere.status_code, elsewhere.json()["error"]["reason"]) == (404, "ARTIFACT_NOT_FOUND")


OUTSIDE = [
    "/images/../../../etc/passwd",
    "/images/..%2f..%2fetc%2fpasswd",
    "/images/%2e%2e/%2e%2e/etc/passwd.png",
    "/images//etc/passwd.png",
    "/images/passwd.png",
    "/images/0.png",
    f"/images/{'0' * 64}.png",
    f"/images/{'0' * 64}",
    f"/images/run/run/{'0' * 64}.png",
    "/images/",
]


async def test_a_path_of_anything_else_leads_nowhere(http: httpx2.AsyncClient) -> None:
    for path in OUTSIDE:
        # As it is written: a client that tidies paths up would not send some of them.
        answer = await http.get(httpx2.URL(str(http.base_url)).copy_with(raw_path=path.encode()))
        assert answer.status_code == 404, path
        assert answer.json()["error"]["reason"] in {"ARTIFACT_NOT_FOUND", "NOT_FOUND"}


async def test_a_file_that_is_not_there_is_an_error_where_it_is_asked_about(
    app: WebApp, client: AsyncClient, host: ScriptedHost
) -> None:
    gone = f"/images/{'0' * 64}.png"
    for path in (gone, "/images/ab12.png", f"public{gone}"):
        refused = await app.send("tasks", user(f"Read the text in {path} aloud."))
        assert (refused.status_code, refused.json()["error"]["reason"]) == (404, "ARTIFACT_NOT_FOUND")
        assert refused.json()["error"]["metadata"] == {"field": "messages.0.content", "path": path}
    # Earlier turns are what was said; a file of theirs may be gone.
    turns = [
        *user(f"What is {gone} and data:image/png;base64,A?"),
        {"role": "assistant", "content": f"See {gone}."},
        *user("Say 'good morning'."),
    ]
    assert (await app.send("tasks", turns)).json()[0]["task"] == "text-to-speech"
    many = " ".join(f"/images/{number:064x}.png" for number in range(100))
    assert (await app.send("tasks", [*user(many), *user("Say 'good morning'.")])).status_code == 200


async def test_two_files_of_one_name_stay_apart(app: WebApp, client: AsyncClient, host: ScriptedHost) -> None:
    paths = []
    for content in (SIGN, SIGN + b"2"):
        stored = await client.artifacts.upload(content, media_type="image/png", file_name="sign.png")
        paths.append(f"/images/{stored.name.removeprefix('artifacts/')}.png")

    planned = await app.send("tasks", user(f"Read the text in {paths[0]} and {paths[1]}."))

    assert [task["args"]["image"] for task in planned.json()] == paths


@pytest.fixture
def site() -> Iterator[str]:
    """A web site with a picture; it counts nothing and refuses nothing."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(SIGN)))
            self.end_headers()
            self.wfile.write(SIGN)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/sign.png"
        server.shutdown()


async def test_links_are_followed_where_the_operator_says_so(
    app: WebApp, host: ScriptedHost, start_gateway: StartGateway, address: str, site: str
) -> None:
    words = user(f"Read the text in {site} aloud.")

    refused = await app.send("tasks", words)
    assert (refused.status_code, refused.json()["error"]["reason"]) == (403, "PERMISSION_DENIED")
    assert "--allowed-link-host 127.0.0.1" in refused.json()["error"]["message"]
    # A link inside of a text to work on is part of that text; what to make of it is for the planner to say.
    quoted = await app.send("tasks", user(f"Say 'see {site} for more'."))
    assert quoted.json()["error"]["reason"] == "REQUEST_BEYOND_PLANNER"

    for allowed in (urlsplit(site).hostname or "", "*"):
        gateway = await start_gateway(address, allowed_link_hosts=(allowed,))
        async with httpx2.AsyncClient(base_url=f"http://{gateway.address}", trust_env=False, timeout=30) as http:
            planned = (await http.post("/tasks", json={"messages": words})).json()
            assert (await http.get(planned[0]["args"]["image"])).content == SIGN
            other = await http.post("/tasks", json={"messages": user("Read the text in http://other.invalid/a.png.")})
            assert other.status_code == (403 if allowed != "*" else 503)


def test_sites_that_can_never_be_are_told() -> None:
    for name in ("https://site.example", "site.example:80", "*.example", "Site.Example", ""):
        with pytest.raises(InvalidArgumentError, match="no site"):
            GatewayConfig(allowed_link_hosts=(name,))
