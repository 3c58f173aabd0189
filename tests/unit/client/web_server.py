"""A real HTTP server that behaves as badly as some do: slow, endless, in circles, packed, gone in the middle."""

from __future__ import annotations

import gzip
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

PNG: Final = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
WORDS: Final = "The night train to Lisbon leaves from platform nine, and the buffet closes long before midnight. " * 6
PAGE: Final = f"""<!DOCTYPE html>
<html><head><title>Timetable</title></head><body><nav><a href="/">Home</a> <a href="/shop">Buy now</a></nav>
<article><h1>The night train</h1><p>{WORDS}</p><p>Zum Glück gibt es Kaffee. {WORDS}</p></article>
<footer>All rights reserved, cookies and imprint</footer></body></html>"""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        paths: list[str] = self.server.paths  # type: ignore[attr-defined]  # Set below.
        paths.append(self.path)
        path = self.path.partition("?")[0]
        if path.startswith("/hop/"):
            count = int(path.rpartition("/")[2])
            return self._redirect(f"/hop/{count - 1}" if count else "/menu.png")
        if path.startswith("/status/"):
            return self._reply(b"no", status=int(path.rpartition("/")[2]))
        match path:
            case "/menu.png" | "/image.php" | "/%E8%8F%9C%E5%8D%95.png":
                self._reply(PNG, "text/html")  # The header is wrong on purpose.
            case "/blog/night-train" | "/blog/cat.png" | "/":
                self._reply(PAGE.encode(), "image/png" if path.endswith("png") else "text/html; charset=utf-8")
            case "/latin.html":
                self._reply(PAGE.encode("latin-1"), "text/html; charset=iso-8859-1")
            case "/empty-page.html":
                self._reply(b"<!doctype html><html><body><script>draw()</script></body></html>", "text/html")
            case "/notes.csv":
                self._reply(b"name,price\nsoup,4\n", "application/octet-stream")
            case "/gzip.csv":
                self._reply(gzip.compress(b"name,price\n" * 500), coding="gzip")
            case "/deflate.txt":
                self._reply(zlib.compress(b"some words\n"), coding="deflate")
            case "/bomb.txt":
                self._reply(gzip.compress(bytes(20_000_000)), coding="gzip")
            case "/brotli.txt":
                self._reply(b"xyz", coding="br")
            case "/torn.gz":
                self._reply(gzip.compress(PNG)[:-20], coding="gzip")
            case "/nothing.txt":
                self._reply(b"")
            case "/circle":
                self._redirect("/circle")
            case "/to-file":
                self._redirect("file:///etc/passwd")
            case "/to-ftp":
                self._redirect("ftp://127.0.0.1/x")
            case "/dropped.png":
                self._start({"Content-Length": "100000"})
                self.wfile.write(PNG)
                self.close_connection = True
            case "/chunked-dropped.png":
                self._start({"Transfer-Encoding": "chunked"})
                self.wfile.write(b"1000\r\n" + PNG[:100])
                self.close_connection = True
            case "/chunked.png":
                self._start({"Transfer-Encoding": "chunked"})
                for start in range(0, len(PNG), 700):
                    piece = PNG[start : start + 700]
                    self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                self.wfile.write(b"0\r\n\r\n")
            case "/slow":
                self._start({"Content-Length": "100000"})
                self._drip(b".")
            case "/slow-header":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                self._drip(b".")
            case "/silent":
                time.sleep(4)
            case "/endless":
                self._start({"Connection": "close"})
                self._drip(bytes(1 << 16), pause_s=0)
            case "/large-announced":
                self._start({"Content-Length": "99000000"})
            case "/nonsense":
                self.wfile.write(b"220 mail.example.org ready\r\n")
                self.close_connection = True
            case _:
                self._reply(b"not here", status=404)
        return None

    def _start(self, headers: dict[str, str], status: int = 200) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _reply(self, content: bytes, media_type: str = "text/plain", coding: str = "", status: int = 200) -> None:
        packed = {"Content-Encoding": coding} if coding else {}
        self._start({"Content-Type": media_type, "Content-Length": str(len(content)), **packed}, status)
        self.wfile.write(content)

    def _redirect(self, target: str) -> None:
        self._start({"Location": target, "Content-Length": "0"}, 302)

    def _drip(self, piece: bytes, pause_s: float = 0.05) -> None:
        self.close_connection = True
        end = time.monotonic() + 10
        try:
            while time.monotonic() < end:
                self.wfile.write(piece)
                time.sleep(pause_s)
        except OSError:
            pass  # The client has left, as it should.


class WebServer(ThreadingHTTPServer):
    """Serves the pages above, and remembers what was fetched."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.paths: list[str] = []

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"

    def handle_error(self, request: object, client_address: object) -> None:
        pass


@contextmanager
def serve_web() -> Iterator[WebServer]:
    with WebServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
