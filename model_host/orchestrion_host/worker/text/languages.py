"""The languages that can be told apart: their English names (ISO 639), BCP 47 tags, and how much is written in them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

_WIDESPREAD: Final = {
    "ar": "Arabic", "de": "German", "en": "English", "es": "Spanish", "fa": "Persian", "fr": "French", "hi": "Hindi",
    "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "pl": "Polish",
    "pt": "Portuguese", "ru": "Russian", "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
_NATIONAL: Final = {
    "af": "Afrikaans", "am": "Amharic", "az": "Azerbaijani", "be": "Belarusian", "bg": "Bulgarian", "bn": "Bengali",
    "bs": "Bosnian", "ca": "Catalan", "cs": "Czech", "da": "Danish", "el": "Greek", "et": "Estonian", "fi": "Finnish",
    "gu": "Gujarati", "he": "Hebrew", "hr": "Croatian", "hu": "Hungarian", "hy": "Armenian", "is": "Icelandic",
    "ka": "Georgian", "kk": "Kazakh", "km": "Khmer", "kn": "Kannada", "lo": "Lao", "lt": "Lithuanian",
    "lv": "Latvian", "mk": "Macedonian", "ml": "Malayalam", "mn": "Mongolian", "mr": "Marathi", "ms": "Malay",
    "my": "Burmese", "ne": "Nepali", "no": "Norwegian", "pa": "Punjabi", "ro": "Romanian", "si": "Sinhala",
    "sk": "Slovak", "sl": "Slovenian", "sq": "Albanian", "sr": "Serbian", "sv": "Swedish", "sw": "Swahili",
    "ta": "Tamil", "te": "Telugu", "th": "Thai", "tl": "Tagalog", "ur": "Urdu", "uz": "Uzbek",
    "yue": "Cantonese",
}  # fmt: skip
_REGIONAL: Final = {
    "ace": "Acehnese", "ary": "Moroccan Arabic", "arz": "Egyptian Arabic", "as": "Assamese", "ba": "Bashkir",
    "bcl": "Central Bikol", "br": "Breton", "crh": "Crimean Tatar", "cy": "Welsh", "dz": "Dzongkha",
    "eo": "Esperanto", "eu": "Basque", "ext": "Extremaduran", "fo": "Faroese", "fuv": "Nigerian Fulfulde",
    "fy": "Western Frisian", "ga": "Irish", "gcf": "Guadeloupean Creole French", "gcr": "Guianese Creole French",
    "gd": "Scottish Gaelic", "gl": "Galician", "gom": "Goan Konkani", "grc": "Ancient Greek",
    "gug": "Paraguayan Guarani", "guw": "Gun", "ha": "Hausa", "hbo": "Ancient Hebrew",
    "ht": "Haitian Creole", "ig": "Igbo", "jv": "Javanese", "kab": "Kabyle", "kik": "Kikuyu", "ku": "Kurdish",
    "ky": "Kyrgyz", "la": "Latin", "lb": "Luxembourgish", "lg": "Ganda", "lij": "Ligurian", "ln": "Lingala",
    "ltg": "Latgalian", "mg": "Malagasy", "mt": "Maltese", "nn": "Norwegian Nynorsk", "nso": "Northern Sotho",
    "oc": "Occitan", "om": "Oromo", "or": "Odia", "pcm": "Nigerian Pidgin", "ps": "Pashto", "qu": "Quechua",
    "rw": "Kinyarwanda", "sa": "Sanskrit", "sdh": "Southern Kurdish", "se": "Northern Sami", "sn": "Shona",
    "so": "Somali", "st": "Southern Sotho", "an": "Aragonese", "tg": "Tajik", "tk": "Turkmen", "tt": "Tatar",
    "ug": "Uyghur", "uzs": "Southern Uzbek", "vec": "Venetian", "vo": "Volapük", "wa": "Walloon",
    "wuu": "Wu Chinese", "xh": "Xhosa", "yo": "Yoruba", "zu": "Zulu",
    "zxx": "no language",
}  # fmt: skip
NAMES: Final = MappingProxyType({**_REGIONAL, **_NATIONAL, **_WIDESPREAD})
"""The English name of each language by the code that the model knows it under."""

_WEIGHTS: Final = {
    **dict.fromkeys(_NATIONAL, 5.0),
    **dict.fromkeys(_WIDESPREAD, 15.0),
    **dict.fromkeys(("en", "ru"), 30.0),
}
_SHORTER: Final = {"kik": "ki"}
"""BCP 47 takes the code of two letters where a language has one."""


def name(code: str) -> str:
    """Returns the English name of a language, or its code where it has none here."""
    return NAMES.get(code, code)


def bcp_47(code: str) -> str:
    """Returns the BCP 47 tag of a language."""
    return _SHORTER.get(code, code)


def weight(code: str) -> float:
    """Says how much is written in a language against others, roughly: 1 for a regional one, up to 30 for English."""
    return _WEIGHTS.get(code, 1.0)
