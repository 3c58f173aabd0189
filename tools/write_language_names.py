"""Writes what languages are called in each language's folder, and by themselves, from the Unicode CLDR in Babel.

Run as `python tools/write_language_names.py` where Babel is installed (`pip install babel`); nothing else needs it.
Folders of other packages are named after it; the name of a folder is the tag of its language. What people say
besides stands by hand in each `grammar.yaml` under `languages`.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import yaml
from babel import Locale, __version__, localedata

FOLDERS: Final = Path(__file__).parents[1] / "controller/orchestrion_controller/languages"

TAGS: Final = """
    af am ar as az be bg bn bo br bs ca ceb co cs cy da de el en eo es et eu fa fi fil fo fr fy ga gd gl gn
    gsw gu ha haw he hi hr ht hu hy id ig is it ja jv ka kk km kn ko ku ky la lb lg ln lo lt lv mg mi mk ml mn
    mr ms mt my nan nb nds ne nl nn no ny oc om or pa pl ps pt qu rm ro ru rw sa sc sd si sk sl sm sn so sq sr
    st su sv sw ta te tg th ti tk tl tr tt ug uk ur uz vi wo wuu xh yi yo yue zh zu de-AT de-CH en-AU en-CA
    en-GB en-US es-419 es-ES es-MX fr-CA fr-CH nl-BE pt-BR pt-PT zh-Hans zh-Hant
"""
"""What people speak, translate to and name, as BCP 47 tags."""


def main() -> None:
    """Writes the files."""
    parser = argparse.ArgumentParser(prog="python tools/write_language_names.py", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, help="folders of languages; those built in when left out")
    folders = parser.parse_args().folders
    if not folders:
        _write(FOLDERS / "own_names.yaml", _own_names())
    for folder in folders or sorted(file.parent for file in FOLDERS.glob("*/grammar.yaml")):
        cldr = Locale.parse(folder.resolve().name).languages
        names = {tag: cldr[tag.replace("-", "_")] for tag in TAGS.split() if tag.replace("-", "_") in cldr}
        spoken = {tag: name.replace("\u2019", "'") for tag, name in names.items() if not set("(\uff08") & set(name)}
        _write(folder / "language_names.yaml", spoken)


def _own_names() -> dict[str, str]:
    """Returns what languages are called in themselves, as far as the CLDR has them."""
    tags = [tag for tag in TAGS.split() if localedata.exists(tag.replace("-", "_"))]
    names = {tag: Locale.parse(tag, sep="-").languages.get(tag.replace("-", "_")) for tag in tags}
    return {tag: name.replace("\u2019", "'") for tag, name in names.items() if name and not set("(\uff08") & set(name)}


def _write(path: Path, names: Mapping[str, str]) -> None:
    text = yaml.safe_dump(dict(names), allow_unicode=True, sort_keys=False, width=120)
    head = f"# Made by tools/write_language_names.py from the Unicode CLDR (Babel {__version__}, Unicode-3.0).\n"
    path.write_text(head + text, "utf-8")


if __name__ == "__main__":
    main()
