"""Settings: a frozen dataclass filled from flags, then `ORCHESTRION_*`, then `orchestrion.toml`, then its defaults.

A field `port` of the section `host` is the flag `--port`, the variable `ORCHESTRION_HOST_PORT`, and `port` under
`[host]` in the file. The docstring under a field is its help text. `field(metadata=…)` can say more: `env`, the names
of further variables that are read after its own; `secret`, that it has no flag, since others see a process's flags.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import inspect
import ipaddress
import os
import sys
import textwrap
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, TypeVar, get_args, get_origin, get_type_hints

import platformdirs

from orchestrion.listening import ListenAddress

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


class SettingError(ValueError):
    """A setting has a value that it cannot have; the message names the setting."""


def default_home() -> Path:
    """Returns the folder of all state where none is configured: the platform's user data folder."""
    return Path(os.environ.get("ORCHESTRION_HOME") or platformdirs.user_data_dir("orchestrion"))


def default_metrics_host(listen_host: str) -> str:
    """Returns the address of the metrics where none is configured: Prometheus reaches no unix socket."""
    return "127.0.0.1" if ListenAddress.read(listen_host, 0).is_socket_file else listen_host


def check_address(setting: str, address: str) -> None:
    """Checks an address to listen on.

    Raises:
        ValueError: It cannot be one; the message names the setting.
    """
    if not address or (":" in address and not address.startswith("unix:") and not _is_ip_6(address)):
        raise ValueError(
            f"{setting}: {address!r} is no address to listen on; give an IP address, a name or unix:/path. "
            "The port is a setting of its own."
        )
    try:
        ListenAddress.read(address, 0)
    except ValueError as error:
        raise ValueError(f"{setting}: {error}") from error


def _is_ip_6(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.strip("[]")).version == 6
    except ValueError:
        return False


def load(config_type: type[T], section: str, argv: Sequence[str] | None = None) -> T:
    """Builds the configuration of a server.

    Args:
        config_type: The frozen dataclass.
        section: The section of the file, and the middle of the variables' names.
        argv: The flags; those of the process when None.

    Raises:
        SettingError: A value cannot be read, or the file is not there or no TOML.
        SystemExit: `--help` was asked for, or a flag is unknown.
    """
    hints = get_type_hints(config_type)
    fields = {field.name: field for field in dataclasses.fields(config_type)}
    flags = vars(_parser(config_type, section, fields, hints).parse_args(argv))
    file, path = _file_section(flags.pop("config", None), section)
    for key in file:
        if key not in fields:
            raise SettingError(f"{path}: [{section}] has no setting {key!r}; it has {', '.join(sorted(fields))}.")
    values: dict[str, object] = {}
    for name, field in fields.items():
        variables = [f"ORCHESTRION_{section}_{name}".upper(), *field.metadata.get("env", ())]
        variable = next((variable for variable in variables if os.environ.get(variable)), None)
        if flags.get(name) is not None:
            values[name] = _convert(f"--{name.replace('_', '-')}", flags[name], hints[name])
        elif variable is not None:
            values[name] = _convert(variable, os.environ[variable], hints[name])
        elif name in file:
            values[name] = _convert(f"{path}: {name}", file[name], hints[name])
    try:
        return config_type(**values)
    except ValueError as error:
        raise SettingError(str(error)) from error


def load_or_exit(config_type: type[T], section: str, argv: Sequence[str] | None = None) -> T:
    """Builds the configuration like `load`; a bad setting is reported on stderr and ends the process with status 2."""
    try:
        return load(config_type, section, argv)
    except SettingError as error:
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(2) from error


def _parser(
    config_type: type, section: str, fields: Mapping[str, dataclasses.Field[object]], hints: Mapping[str, object]
) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m orchestrion_{section}",
        description=inspect.getdoc(config_type),
        epilog=f"Every flag is also a variable ORCHESTRION_{section.upper()}_… and a setting under [{section}] in "
        "orchestrion.toml; a flag goes before a variable, a variable before the file.",
    )
    parser.add_argument("--config", metavar="FILE", help="the file of settings (default: orchestrion.toml, if there)")
    helps = field_docstrings(config_type)
    for name, field in fields.items():
        if field.metadata.get("secret"):
            continue
        text = helps.get(name, "").replace("%", "%%")
        if field.default is not dataclasses.MISSING and field.default not in (None, "", ()):
            text += f" (default: {field.default})"
        flag = f"--{name.replace('_', '-')}"
        if hints[name] is bool:
            parser.add_argument(flag, dest=name, default=None, action=argparse.BooleanOptionalAction, help=text)
        else:
            parser.add_argument(flag, dest=name, metavar="VALUE", help=text)
    return parser


def field_docstrings(config_type: type) -> dict[str, str]:
    """Reads the string under each field from the source, since Python does not keep it."""
    body = ast.parse(textwrap.dedent(inspect.getsource(config_type))).body[0]
    if not isinstance(body, ast.ClassDef):
        return {}
    texts: dict[str, str] = {}
    for statement, following in zip(body.body, body.body[1:], strict=False):
        if (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and isinstance(following, ast.Expr)
            and isinstance(following.value, ast.Constant)
        ):
            texts[statement.target.id] = " ".join(str(following.value.value).split())
    return texts


def _file_section(flag: str | None, section: str) -> tuple[Mapping[str, object], str]:
    named = flag or os.environ.get("ORCHESTRION_CONFIG")
    path = Path(named or "orchestrion.toml")
    if not named and not path.is_file():
        return {}, str(path)
    try:
        values = tomllib.loads(path.read_text("utf-8")).get(section, {})
    except (OSError, ValueError) as error:  # Not there, not UTF-8, or no TOML.
        raise SettingError(f"{path}: {error}") from error
    if not isinstance(values, dict):
        raise SettingError(f"{path}: {section} is no section; write [{section}] above its settings.")
    return values, str(path)


_TRUTH = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
_FORMS: Mapping[object, tuple[Callable[[str], object], str]] = {
    str: (str, "a text"),
    int: (lambda text: int(text.replace("_", "")), "a whole number"),
    float: (float, "a number"),
    bool: (lambda text: _TRUTH[text.lower()], "true or false"),
    Path: (lambda text: Path(text).expanduser(), "a path"),
}


def _convert(source: str, raw: object, hint: object) -> object:
    if get_origin(hint) is UnionType:
        hint = next(choice for choice in get_args(hint) if choice is not NoneType)
    if get_origin(hint) is tuple:
        items = raw if isinstance(raw, list) else [item for item in str(raw).split(",") if item]
        return tuple(_convert(source, item, get_args(hint)[0]) for item in items)
    read, form = _FORMS[hint]
    try:
        if isinstance(raw, list | dict):
            raise ValueError
        return read(str(raw))
    except (ValueError, KeyError) as error:
        raise SettingError(f"{source}: {raw!r} is not {form}.") from error
