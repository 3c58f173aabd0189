"""The page of the gateway's calls. Its scripts come from a package: FastAPI's own page loads them from elsewhere."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, Response
from fastapi.staticfiles import StaticFiles

_FILES: Final = "/docs/files"


def install(app: FastAPI, openapi_url: str) -> None:
    """Serves the page at `/docs`."""
    app.mount(_FILES, StaticFiles(directory=_folder()), name="docs-files")

    @app.get("/docs", include_in_schema=False)
    async def page() -> Response:
        html = get_swagger_ui_html(
            openapi_url=openapi_url,
            title=app.title,
            swagger_js_url=f"{_FILES}/swagger-ui-bundle.js",
            swagger_css_url=f"{_FILES}/swagger-ui.css",
            swagger_favicon_url=f"{_FILES}/favicon.png",
        )
        # The page has a script of its own in it, and asks for nothing but what this gateway serves.
        rule = "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
        headers = {"Content-Security-Policy": f"{rule}img-src 'self' data:; frame-ancestors 'none'"}
        return HTMLResponse(bytes(html.body), headers=headers)


def _folder() -> Path:
    """Returns where the package has the files; its code is not imported."""
    spec = find_spec("fastapi_offline")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("fastapi-offline is not installed", name="fastapi_offline")
    return Path(spec.origin).parent / "static"
