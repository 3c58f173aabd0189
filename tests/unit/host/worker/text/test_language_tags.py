"""Language tags and the codes of models that mean the same."""

from __future__ import annotations

import pytest

from orchestrion_host.worker.text import language_tags

NLLB = ("ace_Arab", "arb_Arab", "deu_Latn", "eng_Latn", "nob_Latn", "por_Latn", "srp_Cyrl", "zho_Hans", "zho_Hant")
MBART = ("de_DE", "en_XX", "pt_XX", "zh_CN")
MARIAN = (">>fra<<", ">>pt_BR<<", ">>por<<", ">>cmn_Hans<<", ">>cmn_Hant<<")


@pytest.mark.parametrize(
    ("code", "tag"),
    [
        ("de", "de"),
        ("deu_Latn", "de-Latn"),
        ("de_DE", "de-DE"),
        ("en_XX", "en"),
        (">>fra<<", "fr"),
        ("__ast__", "ast"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("cmn_Hans", "zh-Hans"),
        ("EN-us", "en-US"),
        ("es-419", "es-419"),
    ],
)
def test_codes_are_read_as_tags(code: str, tag: str) -> None:
    assert str(language_tags.parse(code)) == tag


@pytest.mark.parametrize("text", ["", "german", "d", "12", "de DE"])
def test_what_is_no_code_is_none(text: str) -> None:
    assert language_tags.parse(text) is None


@pytest.mark.parametrize(
    ("wanted", "codes", "code"),
    [
        ("de", NLLB, "deu_Latn"),
        ("de-AT", NLLB, "deu_Latn"),
        ("zh", NLLB, "zho_Hans"),
        ("zh-TW", NLLB, "zho_Hant"),
        ("zh-Hant", NLLB, "zho_Hant"),
        ("no", NLLB, "nob_Latn"),
        ("ar", NLLB, "arb_Arab"),
        ("sr-Latn", NLLB, None),
        ("fr", NLLB, None),
        ("zh-Hans", MBART, "zh_CN"),
        ("pt-BR", MBART, "pt_XX"),
        ("pt-BR", MARIAN, ">>pt_BR<<"),
        ("pt", MARIAN, ">>por<<"),
        ("fr-CA", MARIAN, ">>fra<<"),
        ("zh", MARIAN, ">>cmn_Hans<<"),
    ],
)
def test_the_code_is_chosen_that_means_the_language(wanted: str, codes: tuple[str, ...], code: str | None) -> None:
    tag = language_tags.parse(wanted)
    assert tag is not None
    assert language_tags.choose(tag, codes) == code
