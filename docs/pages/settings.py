"""The page of settings, from the docstrings of the configurations."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from docs.pages.tables import table
from orchestrion_controller.config import ControllerConfig
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
"""


_COMPUTED: Final[Mapping[str, str]] = {
    "home": "`ORCHESTRION_HOME`, else the platform's user data folder",
    "exports_path": "`exports` in the user's cache folder",
    "name": "the machine's name",
}
"""Defaults that differ from machine to machine, by setting."""


def settings_page() -> str:
    """Tells the settings of both servers."""
    return _SETTINGS.format(
        controller=_setting_table(ControllerConfig, "controller"), host=_setting_table(HostConfig, "host")
    )


def _setting_table(config_type: Any, section: str) -> str:
    texts = field_docstrings(config_type)
    rows = []
    for field in dataclasses.fields(config_type):
        flag = "" if field.metadata.get("secret") else f"`--{field.name.replace('_', '-')}`"
        variables = [f"ORCHESTRION_{section}_{field.name}".upper(), *field.metadata.get("env", ())]
        rows.append((flag, ", ".join(f"`{name}`" for name in variables), _default(field), texts[field.name]))
    return table(("flag", "variable", "default", "meaning"), rows)


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default_factory is not dataclasses.MISSING:
        return _COMPUTED[field.name]
    if field.default in (None, "", ()):
        return "none"
    return f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"
