"""What questions ask for, and which piece of a passage answers."""

from __future__ import annotations

import pytest

from orchestrion_host.worker.text import answer_types, questions, words


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Who wrote it?", "person"),
        ("When was she born?", "date"),
        ("What year did it open?", "date"),
        ("When does the shop open?", "hours"),
        ("What time does it start?", "clock"),
        ("Where do they live?", "place"),
        ("How many are left?", "count"),
        ("How many days does it take?", "duration"),
        ("How much does it cost?", "money"),
        ("How tall is it?", "measure"),
        ("How often does the bus run?", "frequency"),
        ("What is the e-mail address?", "email"),
        ("Why did he leave?", "reason"),
        ("What is it made of?", None),
    ],
)
def test_a_question_says_what_it_asks_for(question: str, kind: str | None) -> None:
    result = answer_types.of(question)
    assert (result.name if result else None) == kind


@pytest.mark.parametrize(
    ("question", "passage", "answer"),
    [
        ("Who designed the bridge?", "The bridge was designed by Maria Lopez in 1932.", "Maria Lopez"),
        ("Who led the tour?", "On Monday Dr. Amir Haddad led the tour.", "Dr. Amir Haddad"),
        ("Who came to the party?", "Anna, Ben and Carla came to the party.", "Anna, Ben and Carla"),
        ("Who is the mayor?", '"Lucky," said Mayor Susan Oduya.', "Susan Oduya"),
        ("When did it open?", "It opened on 14 March 1958 with a concert.", "14 March 1958"),
        ("When is the meeting?", "The meeting is on Friday at 10 a.m. in room 4.", "on Friday at 10 a.m."),
        ("When did the war end?", "The war ended in 1945.", "1945"),
        ("Where was Marie Curie born?", "Marie Curie was born in Warsaw in 1867.", "in Warsaw"),
        ("Where are the keys?", "The keys are in the kitchen drawer.", "in the kitchen drawer"),
        ("How many wagons overturned?", "Eleven of its twenty wagons overturned.", "Eleven of its twenty"),
        ("How many people came?", "In 1906 about 3,000 people came.", "3,000"),
        ("How much is the ticket?", "The ticket costs $12.50 for adults.", "$12.50"),
        ("How long does it take?", "It takes two and a half hours by train.", "two and a half hours"),
        ("How high is the tower?", "The tower is 96 metres high.", "96 metres"),
        ("How often do buses run?", "Buses run every thirty minutes.", "every thirty minutes"),
        ("What is the email address?", "Write to info@harbour.example, please.", "info@harbour.example"),
        ("Why was it closed?", "It was closed because of the storm.", "because of the storm"),
        ("Why was it closed?", "It was closed for the winter.", "It was closed for the winter."),
        ("Who runs the shop?", "The shop is run by her brother.", "The shop is run by her brother."),
    ],
)
def test_the_piece_that_answers_is_found(question: str, passage: str, answer: str) -> None:
    span = questions.narrowed(passage, question, answer_types.of(question))
    assert passage[span.start : span.end] == answer


def test_words_have_the_same_stem_in_all_their_forms() -> None:
    for forms in (("marry", "married", "marries"), ("open", "opening", "opened"), ("design", "designed", "designer")):
        assert len({words.stem(form) for form in forms}) == 1
    assert words.stem("train") != words.stem("tree")
