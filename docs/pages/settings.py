"""The page of settings, from the docstrings of the configurations and from the commands of the gateway."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping
from typing import Any, Final, get_args, get_type_hints

from typer.models import OptionInfo

from docs.pages.tables import table
from orchestrion_controller.config import ControllerConfig
from orchestrion_gateway.command import gateway
from orchestrion_gateway.mcp_command import mcp
from orchestrion_host.config import HostConfig
from orchestrion_serving.settings import field_docstrings

_SETTINGS: Final = """\
# Settings

A setting comes from its flag, else from its variable, else from `orchestrion.toml` (or the file that `--config` or
`ORCHESTRION_CONFIG` names), where it stands under `[controller]` or `[host]` by the name of the flag with `_` for `-`,
else it has its default. An empty variable counts as none. Lists are written with commas, in the file as lists. A value
that cannot be, and a name in the file that is none, end the server with an error that names the setting.

What is true or false is set by its flag and unset by `--no-…`. `ORCHESTRION_HOME` is the folder of all state where
`home` is not set. Clients read `ORCHESTRION_CONTROLLER`, the address of the controller; the command line also the
limits for links, `ORCHESTRION_LINK_MAX_BYTES` and `ORCHESTRION_LINK_TIMEOUT_S`
([`terminal.md`](terminal.md#files-and-links-in-the-words)).

## Controller: `python -m orchestrion_controller`

{controller}

## Model host: `python -m orchestrion_host`

{host}

## Gateway: `orchestrion gateway`, or `python -m orchestrion_gateway`

It reads flags and variables alone, no file: it is a client. `orchestrion up --web` starts it with the servers, and
variables hold there too. [`gateway.md`](gateway.md) says what it does.

{gateway}

## For assistants: `orchestrion mcp`

It reads flags and variables alone, too. [`mcp.md`](mcp.md) says what it does.

{mcp}
"""


_COMPUTED: Final[Mapping[str, str]] = {
    "home": "`ORCHESTRION_HOME`, else the platform's user data folder",
    "exports_path": "`exports` in the user's cache folder",
    "name": "the machine's name",
}
"""Defaults that differ from machine to machine, by setting."""


def settings_page() -> str:
    """Tells the settings of both servers and of the gateway."""
    return _SETTINGS.format(
        controller=_setting_table(ControllerConfig, "controller"),
        host=_setting_table(HostConfig, "host"),
        gateway=_option_table(gateway),
        mcp=_option_table(mcp),
    )


def _setting_table(config_type: Any, section: str) -> str:
    texts = field_docstrings(config_type)
    rows = []
    for field in dataclasses.fields(config_type):
        flag = "" if field.metadata.get("secret") else f"`--{field.name.replace('_', '-')}`"
        variables = [f"ORCHESTRION_{section}_{field.name}".upper(), *field.metadata.get("env", ())]
        rows.append((flag, ", ".join(f"`{name}`" for name in variables), _default(field), texts[field.name]))
    return table(("flag", "variable", "default", "meaning"), rows)


def _option_table(command: Any) -> str:
    rows = []
    hints = get_type_hints(command, include_extras=True)
    for name, parameter in inspect.signature(command).parameters.items():
        (option,) = (part for part in get_args(hints[name]) if isinstance(part, OptionInfo))
        if option.hidden:
            continue
        # The first of them may stand where a default would.
        declared = [flag for flag in (option.default, *(option.param_decls or ())) if str(flag).startswith("--")]
        flags = declared or [f"--{name.replace('_', '-')}"]
        variables = [option.envvar] if isinstance(option.envvar, str) else option.envvar or []
        meaning, _, said = (option.help or "").partition("  [default: ")
        default = f"`{said.removesuffix(']')}`" if said else _shown(parameter.default)
        rows.append(
            (", ".join(f"`{flag}`" for flag in flags), ", ".join(f"`{one}`" for one in variables), default, meaning)
        )
    return table(("flag", "variable", "default", "meaning"), rows)


def _shown(default: object) -> str:
    if default is None:
        return "none"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default_factory is not dataclasses.MISSING:
        return _COMPUTED[field.name]
    return _shown(None if field.default in ("", ()) else field.default)
