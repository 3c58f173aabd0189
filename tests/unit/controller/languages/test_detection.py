"""Which language a text is in."""

from __future__ import annotations

import pytest

from orchestrion_controller.languages import Detected, canonical, detect, detect_any, load


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


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("The cat is on the roof, and it was not there before.", {"en"}),
        ("Die Katze ist auf dem Dach, und sie war vorher nicht da.", {"de"}),
        ("Le chat est sur le toit, et il ne veut pas descendre.", {"fr"}),
        ("El gato está en el tejado y no quiere bajar para comer.", {"es"}),
        ("Il gatto è sul tetto e non vuole scendere con gli altri.", {"it"}),
        ("Kot jest na dachu i nie chce się ruszyć, ale jak to zrobić?", {"pl"}),
        ("Kedi çatıda ve inmek için bir şey bekliyor ama çok geç.", {"tr"}),
        ("猫は屋根の上にいて、降りたくない。", {"ja"}),
        ("고양이가 지붕 위에 있다.", {"ko"}),
        ("The president of 中国 was in Москва on Monday, and it was not the first time.", {"en"}),
    ],
)
def test_a_sentence_is_certain_to_be_in_its_language(text: str, tags: set[str]) -> None:
    assert detect_any(text).possible == tags


@pytest.mark.parametrize("text", ["Hello!", "Berlin Hamburg Siemens", "def f(x): return x + 1", "a", "ok", "x" * 500])
def test_what_is_no_sentence_may_be_in_many_languages(text: str) -> None:
    assert {"en", "de"} <= detect_any(text).possible


def test_a_few_letters_of_a_script_may_be_in_its_languages_alone() -> None:
    assert detect_any("猫").possible <= {"zh", "ja", "yue", "wuu"}
    assert detect_any("да").possible <= {"ru", "uk", "bg", "mk", "sr", "be", "kk", "ky", "mn", "tg", "tt", "ba"}


def test_what_is_expected_decides_where_little_else_does() -> None:
    assert detect_any("Hola").tag == "en"
    assert detect_any("Hola", "es").tag == "es"
    assert detect_any("The cat is on the roof.", "es").tag == "en"


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("de-AT", "de"),
        ("DE", "de"),
        ("cmn", "zh"),
        ("zh-TW", "zh"),
        ("yue", "zh"),
        ("nb", "no"),
        ("gsw", "gsw"),
        ("", ""),
    ],
)
def test_tags_of_one_language_are_the_same(tag: str, expected: str) -> None:
    assert canonical(tag) == expected


def test_no_sentence_of_the_folders_is_taken_for_another_language() -> None:
    """Given the sentences that the folders are tested with, their own language is nearly always possible."""
    sentences = [
        (tag, text)
        for tag, language in load().items()
        for section in language.read("tests.yaml").values()
        for text in section
    ]
    missed = [(tag, text) for tag, text in sentences if tag not in detect_any(text).possible]
    assert len(missed) <= 0.01 * len(sentences), missed
