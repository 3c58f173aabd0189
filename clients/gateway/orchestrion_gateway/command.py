"""`orchestrion gateway`."""

from __future__ import annotations

import os
import signal
from enum import StrEnum
from typing import Annotated

import typer

from orchestrion.cli import exits


class LogLevel(StrEnum):
    """What is written to the log."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How the log is written."""

    CONSOLE = "console"
    JSON = "json"


def gateway(
    *,
    controller: Annotated[
        str | None,
        typer.Option(
            "--controller",
            "--address",
            metavar="HOST:PORT",
            envvar=["ORCHESTRION_GATEWAY_CONTROLLER", "ORCHESTRION_CONTROLLER"],
            help="The controller.  [default: 127.0.0.1:50051]",
            show_envvar=False,
        ),
    ] = None,
    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            envvar="ORCHESTRION_GATEWAY_HOST",
            help="The address to listen on: an IP address, a name, or unix:/path for a socket that this user alone can "
            "reach.",
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(
            min=0, max=65535, envvar="ORCHESTRION_GATEWAY_PORT", help="The port to listen on; 0 takes a free one."
        ),
    ] = 7860,
    metrics_host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            envvar="ORCHESTRION_GATEWAY_METRICS_HOST",
            help="The address of the metrics.  [default: that of --host, or 127.0.0.1 where that is a socket]",
        ),
    ] = "",
    metrics_port: Annotated[
        int,
        typer.Option(
            min=0,
            max=65535,
            envvar="ORCHESTRION_GATEWAY_METRICS_PORT",
            help="The port of the metrics; 0 takes a free one.",
        ),
    ] = 9466,
    allow_remote: Annotated[
        bool,
        typer.Option(
            "--allow-remote",
            envvar="ORCHESTRION_GATEWAY_ALLOW_REMOTE",
            help="Serve other machines too, where --host is an address that they reach. Whoever reaches the port can "
            "then run requests, read every run and every file, and delete them: there are no accounts and no "
            "passwords. Put a proxy in front that asks for them.",
        ),
    ] = False,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            envvar="ORCHESTRION_GATEWAY_ALLOWED_HOSTS",
            help="A name under which browsers may reach the gateway, beside localhost; others are refused, so that no "
            "web site can give itself out for it. Repeatable; in the variable with commas between.",
        ),
    ] = None,
    allowed_origin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ORIGIN",
            envvar="ORCHESTRION_GATEWAY_ALLOWED_ORIGINS",
            help="Another site whose pages may use the gateway, such as https://example.org. Repeatable; in the "
            "variable with commas between.",
        ),
    ] = None,
    public_url: Annotated[
        str,
        typer.Option(
            metavar="URL",
            envvar="ORCHESTRION_GATEWAY_PUBLIC_URL",
            help="The address under which callers reach the gateway behind a proxy, such as https://ai.example.org: "
            "links to files in answers of /v1 begin with it.",
        ),
    ] = "",
    allowed_link_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            envvar="ORCHESTRION_GATEWAY_ALLOWED_LINK_HOSTS",
            help="A site whose links this machine fetches where a request names one as a file; * for any, also "
            "those of your own network. Others are refused. Repeatable; in the variable with commas between.",
        ),
    ] = None,
    max_body_bytes: Annotated[
        int,
        typer.Option(
            min=1024,
            envvar="ORCHESTRION_GATEWAY_MAX_BODY_BYTES",
            help="How large the body of a call may be that is no upload.",
        ),
    ] = 4 << 20,
    max_upload_bytes: Annotated[
        int,
        typer.Option(
            min=1024,
            envvar="ORCHESTRION_GATEWAY_MAX_UPLOAD_BYTES",
            help="How large an upload may be; the controller has a limit of its own.",
        ),
    ] = 4 << 30,
    log_level: Annotated[
        LogLevel, typer.Option(envvar="ORCHESTRION_GATEWAY_LOG_LEVEL", help="What is logged; debug has every call.")
    ] = LogLevel.INFO,
    log_format: Annotated[
        LogFormat, typer.Option(envvar="ORCHESTRION_GATEWAY_LOG_FORMAT", help="How log lines are written.")
    ] = LogFormat.CONSOLE,
    log_content: Annotated[
        bool,
        typer.Option(
            "--log-content",
            envvar="ORCHESTRION_GATEWAY_LOG_CONTENT",
            help="Write the words of errors that nobody foresaw, which may quote what people wrote.",
        ),
    ] = False,
    otlp_endpoint: Annotated[
        str,
        typer.Option(
            metavar="URL",
            envvar=[
                "ORCHESTRION_GATEWAY_OTLP_ENDPOINT",
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                "OTEL_EXPORTER_OTLP_ENDPOINT",
            ],
            show_envvar=False,
            help="Where traces go by OTLP over gRPC, such as http://127.0.0.1:4317; none without it.",
        ),
    ] = "",
    exit_with_parent: Annotated[
        bool, typer.Option("--exit-with-parent", hidden=True, help="End when the process that started this one ends.")
    ] = False,
) -> None:
    """Serve the platform over HTTP: a web app, and calls for programs without gRPC; Ctrl-C stops it.

    It is a client of a controller that runs. / is a page to ask, watch and look after models; /docs is the page of its
    calls.
    """
    with exits.handled():
        # Until it serves there is nothing to undo: a signal ends it well, as one does that comes later.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: os._exit(0))
        from orchestrion_gateway.config import GatewayConfig

        config = GatewayConfig(
            controller=controller,
            listen_host=host,
            port=port,
            metrics_host=metrics_host,
            metrics_port=metrics_port,
            allow_remote=allow_remote,
            allowed_hosts=_listed(allowed_host),
            allowed_origins=_listed(allowed_origin),
            public_url=public_url.rstrip("/"),
            allowed_link_hosts=_listed(allowed_link_host),
            max_body_bytes=max_body_bytes,
            max_upload_bytes=max_upload_bytes,
            otlp_endpoint=otlp_endpoint,
        )
        try:
            from orchestrion_gateway import process
        except ModuleNotFoundError as error:
            raise not_installed(error) from error
        process.set_up_logging(config, str(log_level), str(log_format), content=log_content)
        process.run(config, access_log=log_level is LogLevel.DEBUG, exit_with_parent=exit_with_parent)


def _listed(texts: list[str] | None) -> tuple[str, ...]:
    return tuple(part for text in texts or () for part in text.split(",") if part)


def not_installed(error: ModuleNotFoundError) -> Exception:
    """Returns the error for packages of the gateway that are absent."""
    from orchestrion import Reason

    return Reason.NOT_CONFIGURED.error(
        f"The gateway's packages are not installed here; install them with: pip install 'orchestrion[gateway]'. "
        f"(Missing: {error.name}.)"
    )
