"""The settings of a gateway; `command` reads them from flags and variables."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from orchestrion import Reason
from orchestrion.listening import ListenAddress

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 7860
DEFAULT_METRICS_PORT: Final = 9466
ANY_HOST: Final = "*"
"""In the list of sites whose links are fetched: all."""

REMOTE_WARNING: Final = (
    "whoever reaches the port can then run requests, read every run and every file, and delete them: there are no "
    "accounts and no passwords"
)
"""What it means to serve others than this machine."""


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """What a gateway is started with.

    Raises:
        InvalidArgumentError: A value cannot be, or the address is one that others reach and `allow_remote` is not set.
    """

    controller: str | None = None
    """The controller, `host:port`; None for `ORCHESTRION_CONTROLLER`, or else the usual address."""
    listen_host: str = DEFAULT_HOST
    """The address to bind, or `unix:/path` for a socket that this user alone can reach."""
    port: int = DEFAULT_PORT
    """The port; 0 takes a free one."""
    metrics_host: str = ""
    """The address of the metrics; empty for that of the gateway, or 127.0.0.1 where that is a socket."""
    metrics_port: int = DEFAULT_METRICS_PORT
    """The port of the metrics; 0 takes a free one."""
    allow_remote: bool = False
    """Whether the address may be one that other machines reach."""
    allowed_hosts: tuple[str, ...] = ()
    """Names under which browsers may reach the gateway, beside those of this machine; without a port."""
    allowed_origins: tuple[str, ...] = ()
    """Origins of other sites whose pages may use the gateway, such as `https://example.org`."""
    public_url: str = ""
    """The address under which callers reach the gateway behind a proxy, such as `https://ai.example.org`: links to
    files in answers begin with it. Empty for the address that the call itself came to."""
    allowed_link_hosts: tuple[str, ...] = ()
    """Sites whose links the gateway fetches where a request names them as files, in lower case; `*` for any."""
    max_body_bytes: int = 4 << 20
    """How large the body of a call may be that is no upload, in bytes."""
    max_upload_bytes: int = 4 << 30
    """How large an upload may be, in bytes; the controller has a limit of its own."""
    keep_alive_s: float = 15.0
    """How often a stream of events says that it goes on, in seconds."""
    mcp_idle_s: float = 30 * 60.0
    """How long a session of the Model Context Protocol lives without a request or a stream, in seconds."""
    mcp_max_sessions: int = 1_000
    """How many of these sessions there may be at once; versions of the protocol from 2026-07-28 on have none."""
    otlp_endpoint: str = ""
    """Where traces go by OTLP over gRPC, such as `http://127.0.0.1:4317`; empty for no tracing."""
    shutdown_grace_s: float = 10.0
    """How long calls that go on may take when the gateway is to stop, in seconds."""

    def __post_init__(self) -> None:
        """Checks the values."""
        _check_path("host", self.listen_host)
        _check_path("metrics_host", self.metrics_address)
        if not (self.allow_remote or is_loopback(self.listen_host)):
            raise Reason.INVALID_FIELD.error(
                f"{self.listen_host} is no address of this machine alone; --allow-remote allows it: {REMOTE_WARNING}.",
                field="host",
            )
        for name in self.allowed_hosts:
            if not name or any(sign in name for sign in "/:*"):
                raise Reason.INVALID_FIELD.error(
                    f"{name!r} is no name of a host; give it as example.org, without scheme and port.",
                    field="allowed_hosts",
                )
        for name in self.allowed_link_hosts:
            if name != ANY_HOST and (not name or name != name.casefold() or any(sign in name for sign in "/:*")):
                raise Reason.INVALID_FIELD.error(
                    f"{name!r} is no site; give its name in lower case, as example.org, or {ANY_HOST} for any.",
                    field="allowed_link_hosts",
                )
        address = urlsplit(self.public_url)
        if self.public_url and (
            not _is_web_address(address) or address.query or address.fragment or self.public_url.endswith("/")
        ):
            raise Reason.INVALID_FIELD.error(
                f"{self.public_url!r} is no address to begin links with; give it as https://example.org, or with the "
                "path under which a proxy has the gateway, without a slash at its end.",
                field="public_url",
            )
        for origin in self.allowed_origins:
            parts = urlsplit(origin)
            if not _is_web_address(parts) or origin != f"{parts.scheme}://{parts.netloc}":
                raise Reason.INVALID_FIELD.error(
                    f"{origin!r} is no origin; give scheme, name and port alone, as https://example.org.",
                    field="allowed_origins",
                )
        for field in ("max_body_bytes", "max_upload_bytes", "keep_alive_s", "mcp_idle_s", "mcp_max_sessions"):
            if getattr(self, field) <= 0:
                raise Reason.INVALID_FIELD.error(f"{field}: it must be more than 0.", field=field)

    @property
    def metrics_address(self) -> str:
        """The address of the metrics, with the default filled in."""
        # Prometheus reaches no unix socket.
        return self.metrics_host or (DEFAULT_HOST if self.listen_host.startswith("unix:") else self.listen_host)


def _check_path(field: str, address: str) -> None:
    try:
        ListenAddress.read(address, 0)
    except ValueError as error:
        raise Reason.INVALID_FIELD.error(f"{field}: {error}", field=field) from error


def _is_web_address(parts: SplitResult) -> bool:
    return parts.scheme in {"http", "https"} and bool(parts.netloc) and "@" not in parts.netloc


def is_loopback(host: str) -> bool:
    """Whether a name, an IP address or a socket is this machine's own, which no other machine reaches."""
    if host.startswith("unix:"):
        return True
    host = host.strip("[]").rstrip(".").casefold()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = ip_address(host)
    return address is not None and address.is_loopback


def ip_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Reads an IP address, with or without brackets; None where the text is none, but a name."""
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
