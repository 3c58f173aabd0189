"""The page as a browser gets it: whole, from this machine alone, and kept where it never changes."""

from __future__ import annotations

import re
from pathlib import Path

import httpx2

from orchestrion_gateway.web.page import FOLDER, files


async def test_the_page_and_all_that_it_names_come_from_the_gateway(http: httpx2.AsyncClient) -> None:
    page = await http.get("/")

    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    named = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert {Path(name).suffix for name in named} >= {".js", ".css", ".svg"}
    assert not [name for name in named if "//" in name]
    for name in named:
        answer = await http.get(name)
        assert answer.status_code == 200, name
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"


async def test_scripts_run_from_this_origin_alone_and_no_other_site_may_frame_the_page(
    http: httpx2.AsyncClient,
) -> None:
    rules = dict(rule.split(" ", 1) for rule in (await http.get("/")).headers["content-security-policy"].split("; "))

    assert rules["default-src"] == "'none'"
    assert {rules[name] for name in ("script-src", "style-src", "connect-src")} == {"'self'"}
    assert rules["frame-ancestors"] == "'none'"


async def test_what_is_named_by_its_content_is_kept_for_good_and_the_page_is_asked_for_anew(
    http: httpx2.AsyncClient,
) -> None:
    for name in files():
        address = "/" if name == "index.html" else f"/{name}"
        answer = await http.get(address)
        assert ("immutable" in answer.headers["cache-control"]) is (name != "index.html")
        assert answer.content == (FOLDER / name).read_bytes()

        kept = await http.get(address, headers={"If-None-Match": answer.headers["etag"]})
        assert (kept.status_code, kept.content) == (304, b"")
        # A proxy that compresses marks the tag as weak.
        weak = await http.get(address, headers={"If-None-Match": f"W/{answer.headers['etag']}"})
        assert weak.status_code == 304
        changed = await http.get(address, headers={"If-None-Match": '"another"'})
        assert changed.status_code == 200

        head = await http.head(address)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(answer.content))


async def test_nothing_beside_the_page_is_sent(http: httpx2.AsyncClient) -> None:
    for address in ("/assets/none.js", "/assets/..%2f..%2fpage.py", "/assets/%2e%2e/index.html", "/page.py"):
        answer = await http.get(address)
        assert answer.status_code == 404, address
        assert answer.json()["error"]["reason"] == "NOT_FOUND"


def test_the_page_is_small() -> None:
    assert sum(len(file.content) for file in files().values()) < 600_000
