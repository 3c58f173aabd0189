"""What a model's card tells, in the catalogue's terms: licences by SPDX identifier, languages as BCP 47 tags. Pure."""

from __future__ import annotations

import re
from typing import Final

from orchestrion.values import JsonObject

_LICENSES: Final = {
    "afl-3.0": "AFL-3.0",
    "agpl-3.0": "AGPL-3.0-only",
    "apache-2.0": "Apache-2.0",
    "artistic-2.0": "Artistic-2.0",
    "bsd": "BSD-3-Clause",
    "bsd-2-clause": "BSD-2-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "cc0-1.0": "CC0-1.0",
    "gpl-2.0": "GPL-2.0-only",
    "gpl-3.0": "GPL-3.0-only",
    "isc": "ISC",
    "lgpl-3.0": "LGPL-3.0-only",
    "mit": "MIT",
    "mpl-2.0": "MPL-2.0",
    "unlicense": "Unlicense",
    "wtfpl": "WTFPL",
}
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[0-9A-Za-z]{2,8})*")
_NO_LANGUAGES: Final = frozenset({"multilingual", "code", "mul", "und"})


def license_of(facts: JsonObject) -> str:
    """Returns the SPDX identifier of a model's licence, or `LicenseRef-…`; empty where the card names none."""
    named = facts.get("license") or ""
    names = named if isinstance(named, list) else [named]
    name = str(names[0] if names else "")
    if name == "other":
        name = str(facts.get("license_name") or "")
    if not name or name == "unknown":
        return ""
    if name.startswith("cc-by"):
        return name.upper()
    return _LICENSES.get(name, "LicenseRef-" + re.sub(r"[^0-9A-Za-z.-]+", "-", name))


def languages_of(facts: JsonObject) -> tuple[str, ...]:
    """Returns the languages of a model; none where the card names none or says that it knows many."""
    named = facts.get("language") or ()
    names = [named] if isinstance(named, str) else [str(name) for name in named]
    if _NO_LANGUAGES.intersection(names):
        return ()
    return tuple(dict.fromkeys(name for name in names if _LANGUAGE.fullmatch(name)))
