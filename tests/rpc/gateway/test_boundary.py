"""Who may call: programs and the gateway's own pages; no other web site, by whatever name it comes."""

from __future__ import annotations

import httpx2
import pytest

from orchestrion.errors import InvalidArgumentError
from orchestrion_gateway.boundary import Boundary
from orchestrion_gateway.config import GatewayConfig
from tests.rpc.gateway.conftest import StartGateway

EVIL = "https://evil.example"


async def test_a_name_that_was_rebound_to_this_machine_is_refused(http: httpx2.AsyncClient) -> None:
    for host in (
        "evil.example:7860",
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "0.0.0.0",
        "",
    ):
        for call in ("GET", "POST"):
            refused = await http.request(call, "/api/v1/runs", headers={"Host": host})
            assert (refused.status_code, refused.json()["error"]["reason"]) == (421, "PERMISSION_DENIED")
    for host in ("localhost:7860", "LOCALHOST", "app.localhost:1", "127.0.0.1", "127.1.2.3:80", "[::1]:7860"):
        assert (await http.get("/api/v1/runs", headers={"Host": host})).status_code == 200


async def test_pages_of_other_sites_change_nothing(http: httpx2.AsyncClient) -> None:
    stored = (await http.post("/api/v1/artifacts", content=b"mine")).json()["name"]
    port = http.base_url.port
    foreign = [
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Origin": f"http://127.0.0.1:{port + 1 if port else 0}"},
        {"Origin": f"http://localhost:{port}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ]
    for headers in foreign:
        for call, path in (("POST", "/api/v1/artifacts"), ("POST", "/api/v1/runs"), ("DELETE", f"/api/v1/{stored}")):
            refused = await http.request(call, path, headers=headers)
            assert (refused.status_code, refused.json()["error"]["reason"]) == (403, "PERMISSION_DENIED")
    # A form needs no leave of the browser to be sent, but cannot say that it is JSON.
    form = await http.post("/api/v1/runs", data={"messages": "x"})
    assert (form.status_code, form.json()["error"]["reason"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    own = [
        {},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Origin": f"http://127.0.0.1:{port}", "Sec-Fetch-Site": "same-origin"},
    ]
    for headers in own:
        assert (await http.post("/api/v1/artifacts", content=b"own", headers=headers)).status_code == 201
    assert (await http.get(f"/api/v1/{stored}")).status_code == 200


async def test_pages_of_other_sites_read_nothing_unless_the_operator_says_so(
    http: httpx2.AsyncClient, start_gateway: StartGateway, address: str
) -> None:
    preflight = {"Origin": EVIL, "Access-Control-Request-Method": "POST"}
    answers = [
        await http.get("/api/v1/runs", headers={"Origin": EVIL}),
        await http.options("/api/v1/runs", headers=preflight),
    ]
    for answer in answers:
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"

    open_to_one = await start_gateway(address, allowed_origins=("https://app.example",))
    async with httpx2.AsyncClient(base_url=f"http://{open_to_one.address}", trust_env=False) as other:
        headers = {"Origin": "https://app.example", "Sec-Fetch-Site": "cross-site"}
        answer = await other.post("/api/v1/artifacts", content=b"theirs", headers=headers)
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (201, "https://app.example")
        assert (await other.options("/api/v1/runs", headers=preflight)).status_code == 400
        assert (await other.post("/api/v1/runs", headers={"Origin": EVIL})).status_code == 403


def test_what_other_machines_reach_must_be_wanted() -> None:
    for address in ("0.0.0.0", "::", "192.168.0.7", "gateway.example"):
        with pytest.raises(InvalidArgumentError, match="--allow-remote"):
            GatewayConfig(listen_host=address)
        assert GatewayConfig(listen_host=address, allow_remote=True).listen_host == address
    for address in ("127.0.0.1", "127.0.0.2", "localhost", "::1"):
        assert GatewayConfig(listen_host=address).listen_host == address

    remote = Boundary.of(GatewayConfig(listen_host="0.0.0.0", allow_remote=True, allowed_hosts=("Play.Example",)))
    # A number is never rebound; a name is one's own only where somebody said so.
    for host in ("192.168.0.7:7860", "[fe80::1]:7860", "play.example", "PLAY.EXAMPLE:443", "localhost"):
        assert remote.refusal("POST", host, None, None) is None
    assert remote.refusal("GET", "evil.example", None, None) is not None
    assert remote.refusal("POST", "play.example", "https://play.example", "same-origin") is None
    assert remote.refusal("POST", "play.example", EVIL, "cross-site") is not None


def test_names_and_origins_that_can_never_be_are_told() -> None:
    for name in ("https://play.example", "play.example:443", "*.example", ""):
        with pytest.raises(InvalidArgumentError, match="no name of a host"):
            GatewayConfig(allowed_hosts=(name,))
    for origin in ("play.example", "https://play.example/", "*", "ftp://play.example", "https://"):
        with pytest.raises(InvalidArgumentError, match="no origin"):
            GatewayConfig(allowed_origins=(origin,))
    for url in (
        "ai.example",
        "https://ai.example/",
        "ftp://ai.example",
        "https://ai.example?a=b",
        "https://me:key@ai.example",
    ):
        with pytest.raises(InvalidArgumentError, match="no address to begin links with"):
            GatewayConfig(public_url=url)
