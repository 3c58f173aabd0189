"""Which voice of espeak-ng speaks a text: from a language tag, a voice's name, or the script of the text."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

# The first word of a letter's Unicode name, and the language that is spoken where no other is asked for.
_LANGUAGE_OF_SCRIPT: Final = {
    "CJK": "cmn",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
    "ARABIC": "ar",
    "HEBREW": "he",
    "CYRILLIC": "ru",
    "GREEK": "el",
    "DEVANAGARI": "hi",
    "BENGALI": "bn",
    "TAMIL": "ta",
    "TELUGU": "te",
    "GUJARATI": "gu",
    "KANNADA": "kn",
    "MALAYALAM": "ml",
    "GURMUKHI": "pa",
    "SINHALA": "si",
    "THAI": "th",
    "GEORGIAN": "ka",
    "ARMENIAN": "hy",
    "ETHIOPIC": "am",
}
# Tags that people write, and what espeak-ng calls the language.
_ALIASES: Final = {"zh": "cmn", "zh-hk": "yue", "zh-mo": "yue", "iw": "he", "no": "nb", "in": "id", "tl": "fil"}
_DEFAULT_LANGUAGE: Final = "en"
# What people call a kind of voice, and the speaker of espeak-ng that comes nearest; speakers speak any language.
_SPEAKER_OF_KIND: Final = {
    **dict.fromkeys(("female", "woman", "lady", "feminine"), "f2"),
    **dict.fromkeys(("male", "man", "gentleman", "masculine"), "m3"),
    **dict.fromkeys(("child", "kid", "girl", "boy"), "anika"),
    **dict.fromkeys(("whispering", "whispered"), "whisper"),
    **dict.fromkeys(("female whisper", "whispering woman"), "whisperf"),
    **dict.fromkeys(("grandmother", "old woman"), "grandma"),
    **dict.fromkeys(("grandfather", "old man"), "grandpa"),
    **dict.fromkeys(("robot", "robotic"), "UniRobot"),
}
_FILLERS: Final = re.compile(r"^(?:an? |the )|(?:'s|s')? voice$")


@dataclass(frozen=True, slots=True)
class Voice:
    """One voice: its name, its identifier (its file), and the languages it speaks with their ranks, lower first."""

    name: str
    identifier: str
    languages: tuple[tuple[int, str], ...]


class Voices:
    """The voices and variants (speakers: `f3`, `whisper`) that the library brings."""

    def __init__(self, voices: Sequence[Voice], variants: Sequence[str]) -> None:
        """Indexes them."""
        ranked = sorted(
            ((rank, place, tag) for place, voice in enumerate(voices) for rank, tag in voice.languages),
            key=lambda item: item[:2],
        )
        self._by_language: dict[str, Voice] = {}
        for _rank, place, tag in ranked:
            self._by_language.setdefault(tag.lower(), voices[place])
        self._by_name: Mapping[str, Voice] = {
            key.lower(): voice for voice in voices for key in (voice.identifier, voice.name)
        }
        self._variants = {name.lower(): name for name in variants}

    def for_language(self, tag: str) -> Voice | None:
        """Returns the voice for a BCP 47 tag, or for the nearest wider one (`de-CH` → `de`); None if there is none."""
        parts = tag.strip().lower().replace("_", "-").split("-")
        while parts:
            shortened = "-".join(parts)
            voice = self._by_language.get(_ALIASES.get(shortened, shortened))
            if voice is not None:
                return voice
            parts.pop()
        return None

    def named(self, name: str, language: Voice) -> str | None:
        """Returns what `espeak_SetVoiceByName` takes for a voice's name; None when there is none.

        Args:
            name: A kind of voice (`female`, `a child's voice`), a speaker (`f3`), a voice (`Afrikaans`, `gmw/af`), a
                language, or a language and a speaker (`en-gb+f3`).
            language: The voice to speak with where only a speaker is named.
        """
        base, plus, variant = name.strip().rpartition("+")
        kind = _FILLERS.sub("", variant.strip().lower())
        known_variant = self._variants.get(_SPEAKER_OF_KIND.get(kind, kind).lower())
        if known_variant is not None:
            voice = self._voice(base) if plus else language
            return None if voice is None else f"{voice.identifier}+{known_variant}"
        voice = self._voice(name)
        return None if voice is None else voice.identifier

    def languages(self) -> list[str]:
        """Returns the tags of all languages, in order."""
        return sorted(self._by_language)

    def _voice(self, name: str) -> Voice | None:
        key = name.strip().lower()
        return self._by_name.get(key) or self._by_language.get(key)


def language_of(text: str) -> str:
    """Guesses a language from the script that most letters are in; English for Latin letters and for none."""
    scripts = Counter(unicodedata.name(letter, "LATIN").split(" ", 1)[0] for letter in text if letter.isalpha())
    if not scripts:
        return _DEFAULT_LANGUAGE
    # Kana make a text Japanese, however many Chinese characters it has.
    if scripts["HIRAGANA"] + scripts["KATAKANA"] > 0.1 * scripts.total():
        return "ja"
    return _LANGUAGE_OF_SCRIPT.get(scripts.most_common(1)[0][0], _DEFAULT_LANGUAGE)
