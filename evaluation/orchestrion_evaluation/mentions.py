"""File names in requests: what a person would have attached."""

from __future__ import annotations

import re
from typing import Final

from orchestrion_evaluation.graphs import AUDIO, IMAGE, VIDEO

PICTURES: Final = (*IMAGE, "tif", "webp", "heic")
SOUNDS: Final = (*(suffix for suffix in AUDIO if suffix != "au"), "m4a", "opus", "aif")
VIDEOS: Final = VIDEO
TEXTS: Final = ("txt", "md", "csv", "tsv", "json", "jsonl", "xml", "yaml", "yml", "html", "log", "srt", "vtt", "rtf")
DOCUMENTS: Final = ("pdf", "doc", "docx", "odt", "ppt", "pptx", "xls", "xlsx")

_SUFFIXES: Final = "|".join((*PICTURES, *SOUNDS, *VIDEOS, *TEXTS, *DOCUMENTS))
# Straight quotation marks, curly ones, a grave accent, and pointed ones.
_OPEN: Final = "'\"\u2018\u201c`«"
_CLOSE: Final = "'\"\u2019\u201d`»"
_QUOTED: Final = rf"[{_OPEN}](?P<quoted>[^{_OPEN}{_CLOSE}\n]{{1,120}}?\.(?:{_SUFFIXES}))[{_CLOSE}]"
_BARE: Final = rf"(?P<bare>[^\s{_OPEN}{_CLOSE},;()\[\]<>]+\.(?:{_SUFFIXES}))(?![\w/-])"
_NAME: Final = re.compile(f"{_QUOTED}|{_BARE}", re.IGNORECASE)
_MOST_WORDS: Final = 3
"""A longer text between quotation marks is a sentence that ends in a file's name."""


def file_names(request: str) -> tuple[str, ...]:
    """Returns the names of files in a request, each once, in order. What stands at a URL is no file of the person's."""
    names: dict[str, None] = {}
    for match in _NAME.finditer(request):
        name = match["quoted"] or match["bare"]
        if len(name.split()) > _MOST_WORDS:
            name = name.split()[-1]
        if "://" not in name and not name.casefold().startswith("www."):
            names[name] = None
    return tuple(names)


def suffix(name: str) -> str:
    """Returns the suffix of a file's name, in lower case and without its dot."""
    return name.rpartition(".")[2].casefold()
