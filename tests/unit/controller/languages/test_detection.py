"""Which language a text is in."""

from __future__ import annotations

import pytest

from orchestrion_controller.languages import Detected, detect, detect_any


@pytest.mark.parametrize("text", ["", "42", "!?", "ok", "이게 뭐야", "что это"])
def test_what_is_not_clear_or_in_no_folder_is_the_default(text: str) -> None:
    assert detect(text) == "en"
    assert detect(text, default="fr") == "fr"


def test_quotations_and_names_of_files_do_not_count() -> None:
    assert detect("Translate 「吾輩は猫である。名前はまだ無い。」 please") == "en"
    assert detect("把 the_old_man_and_the_sea_final_version.txt 翻译一下") == "zh"


def test_a_text_that_is_only_a_quotation_counts() -> None:
    assert detect("「吾輩は猫である」") == "ja"


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("そうですか", "ja"),
        ("这是什么", "zh"),
        ("안녕", "ko"),
        ("Καλημέρα", "el"),
        ("Съешь же ещё этих мягких французских булок", "ru"),
        ("Щоб довго не думати, я поїхав до Львова", "uk"),
        ("Nel mezzo del cammin di nostra vita mi ritrovai per una selva oscura", "it"),
        ("Het is vandaag erg koud en ik wil graag naar huis", "nl"),
        ("שלום לכולם", "he"),
    ],
)
def test_other_languages_are_told_by_script_and_classifier(text: str, tag: str) -> None:
    detected = detect_any(text)
    assert detected.tag == tag
    assert 0.3 < detected.probability <= 1


def test_a_text_without_letters_is_in_no_language() -> None:
    assert detect_any("12 + 30 = 42") == Detected("", 0.0)
