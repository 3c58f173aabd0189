"""The languages of a translation model, read from its configuration and tokenizer, and how each is selected."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from orchestrion.errors import Reason
from orchestrion.values import JsonData, JsonObject
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Tokenizer
from orchestrion_host.worker.models.checkpoint import Checkpoint
from orchestrion_host.worker.models.text.seq2seq_batches import Settings
from orchestrion_host.worker.text import language_tags
from orchestrion_host.worker.text import languages as names
from orchestrion_host.worker.text.language_tags import Tag

_CODE: Final = re.compile(r"__[a-z]{2,3}__|[a-z]{2,3}_[A-Z][a-z]{3}|[a-z]{2}_[A-Z]{2}")
_PREFIX: Final = re.compile(r"translation_([a-z]{2,3})_to_([a-z]{2,3})")


@dataclass(frozen=True, slots=True)
class LanguagePair:
    """A direction of translation."""

    target: Tag
    source_code: str = ""
    """What the tokenizer calls the source; empty where it is not told."""
    prefix: str = ""
    """What is put in front of each text."""
    settings: Settings = ()
    """Arguments of generation."""


class TranslationLanguages:
    """What a model translates from and into.

    Four kinds are told apart: models whose tokenizer has a token for each language (M2M100, NLLB, mBART), models that
    are told in front of the text (`>>fra<<` of Marian's with several targets, `translate English to German: ` of
    T5's), and models of one direction.
    """

    def __init__(self, checkpoint: Checkpoint, tokenizer: Tokenizer) -> None:
        """Finds out.

        Options: `languages`, a list of targets for T5's whose configuration names none; `source_language`, what texts
        are taken for when a call does not say.

        Raises:
            FailedPreconditionError: EXPERT_LOAD_FAILED: nothing says which languages the model knows.
        """
        self._tokenizer = tokenizer
        options = checkpoint.spec.options
        self._usual_source = str(options.get("source_language", ""))
        self._codes: dict[str, int | str] = {}
        """What is asked for by each code: the token that begins a text, or the prefix of the source."""
        self._sources: list[str] = []
        self._kind = "prefix"
        config = checkpoint.config
        # Some list these among their special tokens, M2M100's keeps them beside.
        beside = getattr(tokenizer, "lang_code_to_token", {}).values()
        special = {str(token) for token in (*tokenizer.all_special_tokens, *tokenizer.get_added_vocab(), *beside)}
        tokens = [token for token in sorted(special) if _CODE.fullmatch(token)]
        marks = [mark for mark in getattr(tokenizer, "supported_language_codes", ()) if language_tags.parse(mark)]
        if tokens:
            self._kind = "token"
            self._codes = {token.strip("_"): int(tokenizer.convert_tokens_to_ids(token)) for token in tokens}
            self._sources = list(self._codes)
        elif marks:
            self._codes = {mark: f"{mark} " for mark in marks}
        elif config.model_type in {"t5", "mt5"}:
            self._codes = _prefixes(getattr(config, "task_specific_params", None) or {}, options.get("languages", ()))
        else:
            target = str(options.get("target_language") or getattr(tokenizer, "target_lang", None) or "")
            self._codes = {target: ""} if language_tags.parse(target) else {}
            source = str(self._usual_source or getattr(tokenizer, "source_lang", None) or "")
            self._sources = [source] if language_tags.parse(source) else []
        if not self._codes:
            text = (
                f"{checkpoint.spec.expert_id} does not say which languages it translates into; name them with "
                "options.languages (T5) or options.target_language."
            )
            raise Reason.EXPERT_LOAD_FAILED.error(text, expert=checkpoint.spec.expert_id)

    @property
    def tokens(self) -> list[int]:
        """The tokens that stand for languages."""
        return [marker for marker in self._codes.values() if isinstance(marker, int)]

    def pair(self, call: Call) -> LanguagePair:
        """Returns the direction that a call asks for.

        Raises:
            InvalidArgumentError: The model does not know one of the languages; the message names those that it knows.
        """
        code = self._chosen(call, "language", list(self._codes))
        source = ""
        if call.text("source_language").strip() and self._sources:
            source = self._chosen(call, "source_language", self._sources)
        target = language_tags.parse(code) or Tag(code)
        marker = self._codes[code]
        if self._kind != "token":
            return LanguagePair(target, prefix=str(marker))
        usual = self._usual_source and language_tags.choose(
            language_tags.parse(self._usual_source) or Tag(self._usual_source), self._sources
        )
        # NLLB, M2M100 and mBART are set to one language or another; English is what published ones are set to.
        source = source or usual or str(getattr(self._tokenizer, "src_lang", "") or "")
        return LanguagePair(target, source, settings=(("forced_bos_token_id", marker),))

    def encode(self, pair: LanguagePair, text: str) -> list[int]:
        """Returns the tokens of a text for a direction; the caller holds the lock of the tokenizer."""
        if pair.source_code and self._tokenizer.src_lang != pair.source_code:
            self._tokenizer.src_lang = pair.source_code
        tokens: list[int] = self._tokenizer(pair.prefix + text)["input_ids"]
        return tokens

    def _chosen(self, call: Call, name: str, codes: list[str]) -> str:
        requested = call.text(name).strip()
        tag = language_tags.parse(requested)
        choice = language_tags.choose(tag, codes) if tag else None
        if choice is None:
            supported = ", ".join(sorted({str(language_tags.parse(code)) for code in codes}))
            raise call.bad_input(name, f"is {requested!r}, which this expert does not know; it knows {supported}.")
        return choice


def _prefixes(parameters: JsonObject, listed: JsonData) -> dict[str, int | str]:
    codes: dict[str, int | str] = {}
    for name, settings in parameters.items():
        match = _PREFIX.fullmatch(name)
        if match and isinstance(settings, Mapping) and "prefix" in settings:
            codes[match[2]] = str(settings["prefix"])
    for code in listed:
        codes.setdefault(str(code), f"translate English to {names.name(str(code))}: ")
    return codes
