"""The example page over gRPC-Web: Envoy with the settings of `deploy/envoy.yaml`, a controller, a scripted host."""

from __future__ import annotations

import re
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from orchestrion import AsyncClient
from tests.rpc.controller.scripted_host import ScriptedHost
from tests.web.conftest import OpenPage
from tests.web.envoy import grpc_web
from tests.web.file_server import serving
from tests.web.platform import start_controller
from tests.web.scripted_experts import HeldExpert, scripted_host, speaker

pytestmark = [pytest.mark.web, pytest.mark.asyncio(loop_scope="session")]

EXAMPLE = Path(__file__).parents[2] / "examples" / "clients" / "browser"
CALL = "/orchestrion.v1.RunService/ListRuns"


@dataclass(frozen=True)
class Site:
    """The page, where it is, and what is behind it."""

    origin: str
    proxy: str
    speaker: HeldExpert
    host: ScriptedHost

    async def visit(self, open_page: OpenPage, origin: str = "") -> Page:
        page = await open_page()
        await page.goto(f"{origin or self.origin}/?proxy={self.proxy}")
        return page


@pytest.fixture(scope="module")
def files() -> Iterator[str]:
    subprocess.run(["npm", "run", "--silent", "build"], cwd=EXAMPLE, check=True, timeout=100)
    with serving(EXAMPLE / "public") as origin:
        yield origin


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(files: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    home = tmp_path_factory.mktemp("grpc-web")
    # A run ends at once when its reader leaves.
    controller = await start_controller(home, detach_grace_ms=0)
    address = f"127.0.0.1:{controller.grpc_port}"
    async with AsyncClient(address) as client:
        speaks = speaker(client)
        host = scripted_host("one", address, {"speaker": ("text-to-speech", speaks)})
        await host.start()
        async with grpc_web(controller.grpc_port, files, home) as proxy:
            yield Site(files, proxy, speaks, host)
        await host.stop()
    await controller.stop()


async def test_a_page_runs_a_request_and_plays_what_comes_of_it(site: Site, open_page: OpenPage) -> None:
    page = await site.visit(open_page)
    site.speaker.hold()
    await page.get_by_role("button", name="Run").click()
    # Events come while the run goes on, not at its end.
    events = page.get_by_role("list", name="Events").get_by_role("listitem")
    await expect(events.filter(has_text="taskStarted")).to_have_text("taskStarted text-to-speech-1 on hosts/one")
    await expect(page.get_by_role("button", name="Stop")).to_be_enabled()

    site.speaker.let_go()
    await expect(events.last).to_have_text("runFinished SUCCEEDED")
    await expect(page.get_by_role("status")).to_contain_text("good morning")
    await expect(page.locator("audio")).to_have_js_property("duration", 1)


async def test_stopping_cancels_the_run_down_to_its_expert(site: Site, open_page: OpenPage) -> None:
    page = await site.visit(open_page)
    site.speaker.hold()
    site.host.cancelled.clear()
    await page.get_by_role("button", name="Run").click()
    await site.speaker.entered.wait()
    await page.get_by_role("button", name="Stop").click()

    await site.host.cancelled.wait()
    await expect(page.get_by_role("status")).to_have_text(re.compile("Canceled: "))
    assert site.host.going == 0


async def test_a_page_that_is_closed_leaves_nothing_running(site: Site, open_page: OpenPage) -> None:
    page = await site.visit(open_page)
    site.speaker.hold()
    site.host.cancelled.clear()
    await page.get_by_role("button", name="Run").click()
    await site.speaker.entered.wait()
    await page.close()

    await site.host.cancelled.wait()
    assert site.host.going == 0


async def test_errors_come_with_their_words(site: Site, open_page: OpenPage) -> None:
    page = await site.visit(open_page)
    await page.get_by_role("textbox", name="Request").fill("Translate 'hello' into French.")
    await page.get_by_role("button", name="Run").click()
    await expect(page.get_by_role("status")).to_contain_text("FailedPrecondition: Understood: translate a text")


async def test_pages_of_other_origins_cannot_call(site: Site, open_page: OpenPage) -> None:
    with serving(EXAMPLE / "public") as other:
        page = await site.visit(open_page, other)
        calls = len(site.host.calls)
        site.speaker.let_go()
        await page.get_by_role("button", name="Run").click()
        await expect(page.get_by_role("status")).to_contain_text("Failed to fetch")
    assert len(site.host.calls) == calls


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        pytest.param("example.org", "application/grpc-web+proto", id="under a name that points here"),
        pytest.param("", "text/plain", id="as what pages may send unasked"),
    ],
)
async def test_nothing_else_gets_through(site: Site, name: str, content_type: str) -> None:
    headers = {"Content-Type": content_type, "Host": name or urlsplit(site.proxy).netloc}
    async with httpx2.AsyncClient(base_url=site.proxy, trust_env=False) as http:
        message = b"\0\0\0\0\0"
        assert (await http.post(CALL, content=message, headers=headers)).status_code == 404
        good = {"Content-Type": "application/grpc-web+proto"}
        assert (await http.post(CALL, content=message, headers=good)).status_code == 200
