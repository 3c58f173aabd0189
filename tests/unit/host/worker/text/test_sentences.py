"""Sentences are found in text as people write it, and as it comes out of pictures."""

from __future__ import annotations

import pytest

from orchestrion_host.worker.text import sentences

CASES = {
    "abbreviations and initials": (
        "Mr. Smith met Dr. J. K. Rowling at 5 p.m. in the U.S. Senate. He left.",
        ["Mr. Smith met Dr. J. K. Rowling at 5 p.m. in the U.S. Senate.", "He left."],
    ),
    "abbreviations that end a sentence": (
        "She works for Apple Inc. The company grew. Meet me at 5 p.m. Then we eat.",
        ["She works for Apple Inc.", "The company grew.", "Meet me at 5 p.m.", "Then we eat."],
    ),
    "a word that is an abbreviation before numbers": (
        "See No. 5 for more. He said no. Nobody came.",
        ["See No. 5 for more.", "He said no.", "Nobody came."],
    ),
    "numbers": (
        "It cost $3.50. Version 2.0.1 is out. In 1990. 12 people came.",
        ["It cost $3.50.", "Version 2.0.1 is out.", "In 1990.", "12 people came."],
    ),
    "ordinals of German dates": (
        "Am 3. Oktober 1990 war es so. Es war kalt.",
        ["Am 3. Oktober 1990 war es so.", "Es war kalt."],
    ),
    "quotes": (
        '"Really?" she asked. "Go home." Then he left! (He was tired.) The end.',
        ['"Really?" she asked.', '"Go home."', "Then he left!", "(He was tired.)", "The end."],
    ),
    "ellipses": ("Wait... what? Yes… No.", ["Wait... what?", "Yes…", "No."]),
    "addresses of the web": ("Go to www.example.org. It is free.", ["Go to www.example.org.", "It is free."]),
    "small letters only": ("great phone. battery lasts. love it!", ["great phone.", "battery lasts.", "love it!"]),
    "Chinese": (
        "今天天气很好。我们去公园吧！「好。」他说。",
        ["今天天气很好。", "我们去公园吧！", "「好。」", "他说。"],
    ),
    "Arabic and Hindi": ("كيف حالك؟ أنا بخير. यह ठीक है। वह गया।", ["كيف حالك؟", "أنا بخير.", "यह ठीक है।", "वह गया।"]),
    "lines broken to a width, and a hyphenated word": (
        "The museum was founded in 1887 by a group of\nlocal merchants, who wanted to pre-\n"
        "serve its history. It was moved to\nDock Street.",
        [
            "The museum was founded in 1887 by a group of local merchants, who wanted to preserve its history.",
            "It was moved to Dock Street.",
        ],
    ),
    "headings and lists": (
        "Opening hours\nTuesday to Sunday, 10 a.m. to 6 p.m.\nTickets\n- Adults: 8 euros\n- Children: free\n"
        "1. First do this. Then that.\n2. Go.",
        [
            "Opening hours",
            "Tuesday to Sunday, 10 a.m. to 6 p.m.",
            "Tickets",
            "- Adults: 8 euros",
            "- Children: free",
            "1. First do this.",
            "Then that.",
            "2. Go.",
        ],
    ),
    "paragraphs without full stops": ("One thing\n\n  \nAnother thing", ["One thing", "Another thing"]),
    "lines of a sign": ("Platform 9 closes at ten\nMind the gap", ["Platform 9 closes at ten", "Mind the gap"]),
    "nothing": (" \n\t\n", []),
}


@pytest.mark.parametrize("name", CASES)
def test_sentences_are_found(name: str) -> None:
    text, expected = CASES[name]
    assert [sentence.text for sentence in sentences.split(text)] == expected


@pytest.mark.parametrize("name", CASES)
def test_a_sentence_says_where_it_is(name: str) -> None:
    text, _ = CASES[name]
    result = sentences.split(text)
    for sentence in result:
        assert sentences.one_line(text[sentence.start : sentence.end]) == sentence.text
    covered = "".join(text[sentence.start : sentence.end] for sentence in result)
    assert "".join(covered.split()) == "".join(text.split())


def test_headings_and_items_are_known_to_be_no_whole_sentences() -> None:
    result = sentences.split("Tickets\n- Adults: 8 euros\nThe museum is free on Sundays.")
    assert [sentence.is_complete for sentence in result] == [False, False, True]


def test_text_without_any_punctuation_is_cut_at_spaces() -> None:
    result = sentences.split("word " * 1000)
    assert all(len(sentence.text) <= sentences.MAX_CHARACTERS for sentence in result)
    assert " ".join(sentence.text for sentence in result) == ("word " * 1000).strip()


@pytest.mark.parametrize(
    "piece", [".", "a. ", "\n", "( ", "。", "- ", "\"'", "\n \n x", "a.a.", "Mr. ", "x", "x\n", "1. "]
)
def test_strange_texts_are_split_in_reasonable_time_and_whole(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    # Work that grew with the square of the length would not end before the test is stopped.
    result = sentences.split(text)
    assert sum(sentence.end - sentence.start for sentence in result) <= len(text)
    covered = "".join("".join(text[sentence.start : sentence.end].split()) for sentence in result)
    assert covered == "".join(text.split())
