"""What the stand-in of the Hub has, what goes wrong on order, and how it answers each request."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

LFS_SUFFIXES = (".safetensors", ".onnx", ".bin", ".h5", ".gguf")


@dataclass
class HubFile:
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def blob_id(self) -> str:
        return hashlib.sha1(b"blob %d\0" % len(self.content) + self.content).hexdigest()


@dataclass
class HubModel:
    """A model of the stand-in: one commit, its files, and what its card says."""

    id: str
    files: dict[str, HubFile]
    pipeline_tag: str = ""
    downloads: int = 0
    likes: int = 0
    tags: list[str] = field(default_factory=list)
    card: dict[str, Any] = field(default_factory=dict)
    library: str = "transformers"
    gguf: dict[str, Any] = field(default_factory=dict)
    """What the Hub read in the header of one of its GGUF files."""
    gated: bool = False
    private: bool = False

    @property
    def commit(self) -> str:
        names = "".join(f"{name}{file.blob_id}" for name, file in sorted(self.files.items()))
        return hashlib.sha1(names.encode()).hexdigest()

    def is_lfs(self, name: str) -> bool:
        return name.endswith(LFS_SUFFIXES)

    def etag(self, name: str) -> str:
        return self.files[name].sha256 if self.is_lfs(name) else self.files[name].blob_id


@dataclass
class Request:
    method: str
    path: str
    range: str = ""
    authorization: str = ""
    sent_bytes: int = 0


@dataclass
class Faults:
    """What goes wrong from now on."""

    cut_after: int | None = None
    """The connection of the next large file is cut after so many bytes; once."""
    always_cut_after: int | None = None
    """As `cut_after`, and every time."""
    wrong_content: set[str] = field(default_factory=set)
    """Files of these names come with other bytes."""
    status: int = 0
    """Every request is answered so."""
    retry_after: str = ""
    """Goes with `status`."""
    bytes_per_second: float = 0.0
    """How fast large files come; 0 for as fast as can be."""


class Hub(Protocol):
    """The server that answers."""

    models: dict[str, HubModel]
    faults: Faults
    requests: list[Request]
    token: str

    @property
    def url(self) -> str: ...

    @property
    def cdn_url(self) -> str: ...


class Answers(BaseHTTPRequestHandler):
    """What the stand-in answers to one connection."""

    server_of_models: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        hub = self.server_of_models
        self.record = Request(
            self.command, self.path, self.headers.get("Range", ""), self.headers.get("Authorization", "")
        )
        hub.requests.append(self.record)
        parts = urlsplit(self.path)
        path = unquote(parts.path)
        try:
            if hub.faults.status:
                headers = {"Retry-After": hub.faults.retry_after} if hub.faults.retry_after else {}
                self._send(hub.faults.status, b"{}", headers)
            elif path == "/api/models":
                self._list(parse_qs(parts.query))
            elif path.startswith("/api/models/"):
                self._info(path.removeprefix("/api/models/"), parse_qs(parts.query))
            elif path.startswith("/cdn/"):
                model, name = self._split(path.removeprefix("/cdn/"), "/at/")
                self._content(hub.models[model], name.split("/", 1)[1], {})
            else:
                self._resolve(path[1:])
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _split(self, path: str, mark: str) -> tuple[str, str]:
        model, _, rest = path.partition(mark)
        return model, rest

    def _model(self, model_id: str) -> HubModel | None:
        """Returns a model that the caller may see; else answers why not."""
        hub = self.server_of_models
        model = hub.models.get(model_id)
        allowed = hub.token and self.headers.get("Authorization") == f"Bearer {hub.token}"
        if model is None:
            self._refuse(404, "RepoNotFound")
        elif model.private and not allowed:
            self._refuse(401, "RepoNotFound")
        else:
            return model
        return None

    def _list(self, query: dict[str, list[str]]) -> None:
        hub = self.server_of_models
        limit = int(query.get("limit", ["1000"])[0])
        start = int(query.get("cursor", ["0"])[0])
        matches = [
            model
            for model in hub.models.values()
            if query.get("pipeline_tag", [model.pipeline_tag])[0] == model.pipeline_tag
            and query.get("search", [""])[0].lower() in model.id.lower()
            and set(query.get("filter", [])) <= set(model.tags)
        ]
        if query.get("sort") == ["downloads"]:
            matches.sort(key=lambda model: -model.downloads)
        # Pages are small, so that the client has to follow them.
        page = matches[start : start + min(limit, 2)]
        headers = {}
        if start + len(page) < len(matches):
            url = f"{hub.url}{urlsplit(self.path).path}?"
            kept = [f"{name}={value}" for name, values in query.items() if name != "cursor" for value in values]
            headers["Link"] = f'<{url}{"&".join([*kept, f"cursor={start + len(page)}"])}>; rel="next"'
        self._send_json([self._describe(model, files=False) for model in page], headers)

    def _info(self, path: str, query: dict[str, list[str]]) -> None:
        model_id, revision = self._split(path, "/revision/")
        model = self._model(model_id)
        if model is None:
            return
        if revision not in ("", "main", model.commit):
            self._refuse(404, "RevisionNotFound")
            return
        self._send_json(self._describe(model, files="blobs" in query))

    def _describe(self, model: HubModel, *, files: bool) -> dict[str, Any]:
        siblings: list[dict[str, Any]] = [{"rfilename": name} for name in model.files]
        if files:
            for item in siblings:
                file = model.files[item["rfilename"]]
                item |= {"size": len(file.content), "blobId": file.blob_id}
                if model.is_lfs(item["rfilename"]):
                    item["lfs"] = {"size": len(file.content), "sha256": file.sha256, "pointerSize": 130}
        return {
            "_id": model.id,
            "id": model.id,
            "modelId": model.id,
            "sha": model.commit,
            "downloads": model.downloads,
            "likes": model.likes,
            "pipeline_tag": model.pipeline_tag or None,
            "library_name": model.library,
            "tags": model.tags,
            "cardData": model.card,
            "gated": "auto" if model.gated else False,
            "private": model.private,
            "siblings": siblings,
            **({"gguf": model.gguf} if model.gguf else {}),
        }

    def _resolve(self, path: str) -> None:
        hub = self.server_of_models
        model_id, rest = self._split(path, "/resolve/")
        revision, _, name = rest.partition("/")
        model = self._model(model_id)
        if model is None:
            return
        authorization = self.headers.get("Authorization")
        if model.gated and authorization != f"Bearer {hub.token}":
            self._refuse(403 if authorization else 401, "GatedRepo")
        elif revision not in ("main", model.commit):
            self._refuse(404, "RevisionNotFound")
        elif name not in model.files:
            self._refuse(404, "EntryNotFound", {"X-Repo-Commit": model.commit})
        elif model.is_lfs(name):
            size = len(model.files[name].content)
            headers = {
                "X-Repo-Commit": model.commit,
                "X-Linked-Etag": f'"{model.etag(name)}"',
                "X-Linked-Size": str(size),
                "Location": f"{hub.cdn_url}/cdn/{model.id}/at/{model.commit}/{name}",
            }
            self._send(302, b"", headers)
        else:
            self._content(model, name, {"X-Repo-Commit": model.commit, "ETag": f'"{model.etag(name)}"'})

    def _content(self, model: HubModel, name: str, headers: dict[str, str]) -> None:
        faults = self.server_of_models.faults
        content = model.files[name].content
        if name in faults.wrong_content:
            content = bytes(len(content))
        start = int(self.record.range.removeprefix("bytes=").split("-")[0]) if self.record.range else 0
        status = 206 if self.record.range else 200
        if status == 206:
            headers = {**headers, "Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(content) - start), "Accept-Ranges": "bytes"}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        cut = faults.always_cut_after
        if model.is_lfs(name) and faults.cut_after is not None:
            cut, faults.cut_after = faults.cut_after, None
        end = len(content) if cut is None or not model.is_lfs(name) else min(start + cut, len(content))
        piece = 1 << 16
        for place in range(start, end, piece):
            part = content[place : min(place + piece, end)]
            self.wfile.write(part)
            self.record.sent_bytes += len(part)
            if faults.bytes_per_second:
                time.sleep(len(part) / faults.bytes_per_second)
        if end < len(content):
            self.close_connection = True
            self.connection.close()

    def _refuse(self, status: int, code: str, headers: dict[str, str] | None = None) -> None:
        self._send(status, b"{}", {"X-Error-Code": code, "X-Error-Message": code, **(headers or {})})

    def _send_json(self, data: Any, headers: dict[str, str] | None = None) -> None:
        self._send(200, json.dumps(data).encode(), {"Content-Type": "application/json", **(headers or {})})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
