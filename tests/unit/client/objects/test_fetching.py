"""What links lead to, fetched from a real server, however it behaves."""

from __future__ import annotations

import socket
import sys
import time

import pytest

from orchestrion import (
    AsyncClient,
    Client,
    DeadlineExceededError,
    FailedPreconditionError,
    InvalidArgumentError,
    Link,
    OrchestrionError,
    UnavailableError,
)
from orchestrion._web.addresses import check_redirect, is_inside
from orchestrion._web.fetching import Fetched, fetch
from tests.unit.client.scripted import Script
from tests.unit.client.web_server import PNG, WebServer


def content_of(fetched: Fetched) -> bytes:
    with fetched.content:
        return fetched.content.read()


@pytest.mark.parametrize(
    ("path", "file_name", "media_type"),
    [
        ("/menu.png", "menu.png", "image/png"),
        ("/menu.png?size=large#top", "menu.png", "image/png"),
        ("/image.php?id=7", "image.png", "image/png"),
        ("/菜单.png", "菜单.png", "image/png"),
        ("/chunked.png", "chunked.png", "image/png"),
        ("/hop/4", "4.png", "image/png"),
        ("/notes.csv", "notes.csv", "text/plain"),
        ("/gzip.csv", "gzip.csv", "text/plain"),
        ("/deflate.txt", "deflate.txt", "text/plain"),
        ("/blog/night-train", "night-train.txt", "text/plain"),
        ("/latin.html", "latin.txt", "text/plain"),
        ("/", "127.0.0.1.txt", "text/plain"),
    ],
)
def test_content_is_named_by_what_it_is(path: str, file_name: str, media_type: str, web: WebServer) -> None:
    """Given headers that are wrong, the first bytes decide."""
    fetched = fetch(Link(web.url(path)))
    content = content_of(fetched)
    assert (fetched.file_name, fetched.media_type, fetched.size_bytes) == (file_name, media_type, len(content))
    if media_type == "image/png":
        assert content == PNG


def test_page_is_its_main_text(web: WebServer) -> None:
    for path in ("/blog/night-train", "/latin.html", "/blog/cat.png"):
        fetched = fetch(Link(web.url(path)))
        text = content_of(fetched).decode()
        assert fetched.is_page
        assert "Zum Glück gibt es Kaffee." in text
        assert "Buy now" not in text
        assert "cookies" not in text


def test_packed_content_is_unpacked(web: WebServer) -> None:
    assert content_of(fetch(Link(web.url("/gzip.csv")))) == b"name,price\n" * 500


@pytest.mark.parametrize(
    ("path", "error", "words"),
    [
        ("/missing.png", FailedPreconditionError, "404 Not Found. Check the address"),
        ("/status/403", FailedPreconditionError, "403 Forbidden. It is not open to everybody"),
        ("/status/503", FailedPreconditionError, "503 Service Unavailable. Try again later"),
        ("/circle", FailedPreconditionError, "redirects more than 5 times"),
        ("/hop/5", FailedPreconditionError, "redirects more than 5 times"),
        ("/to-file", InvalidArgumentError, "file:///etc/passwd"),
        ("/to-ftp", InvalidArgumentError, "ftp://"),
        ("/dropped.png", UnavailableError, "broke off"),
        ("/chunked-dropped.png", UnavailableError, "broke off"),
        ("/torn.gz", UnavailableError, "broke off"),
        ("/nonsense", UnavailableError, "does not speak HTTP"),
        ("/nothing.txt", FailedPreconditionError, "nothing at this address"),
        ("/empty-page.html", FailedPreconditionError, "without a main text"),
        ("/brotli.txt", FailedPreconditionError, "'br'"),
        ("/large-announced", FailedPreconditionError, "ORCHESTRION_LINK_MAX_BYTES"),
        ("/bomb.txt", FailedPreconditionError, "larger than 1 MB"),
        ("/endless", FailedPreconditionError, "larger than 1 MB"),
    ],
)
def test_errors_name_the_address_and_the_cure(
    path: str, error: type[OrchestrionError], words: str, web: WebServer
) -> None:
    with pytest.raises(error) as failure:
        fetch(Link(web.url(path), max_bytes=1_000_000, timeout_s=20))
    reasons = {FailedPreconditionError: "LINK_UNUSABLE", UnavailableError: "LINK_UNREACHABLE"}
    assert failure.value.reason == reasons.get(error, "INVALID_FIELD")
    assert words in failure.value.message
    assert web.url(path) in failure.value.message or error is InvalidArgumentError


@pytest.mark.parametrize("path", ["/slow", "/slow-header", "/silent"])
def test_no_server_keeps_the_client_longer_than_it_may(path: str, web: WebServer) -> None:
    """Given bytes that come one by one, each in time, the whole still ends in time."""
    start = time.monotonic()
    with pytest.raises(DeadlineExceededError, match=r"took longer than 0.4 s.*ORCHESTRION_LINK_TIMEOUT_S"):
        fetch(Link(web.url(path), timeout_s=0.4))
    assert time.monotonic() - start < 3


def test_nobody_at_the_address() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/x.png"
        with pytest.raises(UnavailableError, match="Connection refused") as failure:
            fetch(Link(url))
        assert failure.value.reason == "LINK_UNREACHABLE"


def test_server_without_tls(web: WebServer) -> None:
    with pytest.raises(UnavailableError, match="could not be fetched"):
        fetch(Link(web.url("/menu.png").replace("http:", "https:")))


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://example.org/x", "data:text/plain,x", "/etc/passwd", "https://", "http://[::1", "x"],
)
def test_only_http_is_fetched(url: str) -> None:
    with pytest.raises(InvalidArgumentError, match=r"example\.org/menu\.jpg|begins with http"):
        fetch(Link(url))


def test_passwords_are_neither_sent_nor_repeated() -> None:
    with pytest.raises(InvalidArgumentError) as failure:
        fetch(Link("https://ann:secret@example.org/x.png"))
    assert "example.org" in failure.value.message
    assert "secret" not in failure.value.message


def test_pages_of_the_internet_do_not_point_inside() -> None:
    """Given a person who names their own network, it is fetched; given a redirect into it from outside, it is not."""
    assert is_inside("localhost")
    assert is_inside("192.168.1.7")
    assert not is_inside("9.9.9.9")
    check_redirect("http://192.168.1.7/a", "http://127.0.0.1/b")
    check_redirect("http://9.9.9.9/a", "https://1.1.1.1/b")
    for inside in ("http://169.254.169.254/latest", "http://10.0.0.1/", "http://[::1]/", "http://localhost:8080/"):
        with pytest.raises(FailedPreconditionError, match="own network"):
            check_redirect("http://9.9.9.9/a", inside)


def test_what_reads_pages_can_be_left_out(web: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trafilatura", None)
    with pytest.raises(FailedPreconditionError, match=r"pip install 'orchestrion\[web\]'"):
        fetch(Link(web.url("/blog/night-train")))
    assert content_of(fetch(Link(web.url("/menu.png")))) == PNG


async def test_programs_attach_links(web: WebServer, script: Script, client: Client, async_client: AsyncClient) -> None:
    for artifact in (
        client.artifacts.upload(Link(web.url("/menu.png"))),
        await async_client.artifacts.upload(Link(web.url("/image.php")), file_name="menu.png"),
    ):
        assert artifact.file_name == "menu.png"
        assert script.content[artifact.name] == PNG
    with pytest.raises(InvalidArgumentError, match=r"orchestrion\.Link\('http"):
        client.artifacts.upload(web.url("/menu.png"))
    news: list[tuple[int, int | None]] = []
    fetch(Link(web.url("/menu.png")), lambda received, total: news.append((received, total))).content.close()
    assert news[-1] == (len(PNG), len(PNG))
