"""The experts for texts on a real host: the sentence encoder on both of its runtimes, sentiment, and languages."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from orchestrion.errors import InvalidArgumentError, OrchestrionError
from orchestrion.experts import ExpertState
from orchestrion.inference import InferOutputs, InferProgress
from orchestrion.values import Json, Value
from tests.rpc.host.hosts import RunningHost
from tests.rpc.host.texts import LETTER, NEWS, PAGE, REEFS, REVIEW, long_text

pytestmark = pytest.mark.asyncio(loop_scope="session")

ENCODERS = ["all-minilm-l6-v2", "all-minilm-l6-v2-onnx"]
TASKS: list[tuple[str, dict[str, Value]]] = [
    ("sentence-similarity", {"text": REVIEW, "other": "A review of a vacuum cleaner."}),
    ("feature-extraction", {"text": PAGE * 3}),
    ("zero-shot-classification", {"text": NEWS, "labels": ("railways", "cooking", "football")}),
    ("summarization", {"text": REEFS, "sentence_count": 3.0}),
    ("question-answering", {"text": PAGE, "question": "Who designed the building?"}),
]


async def infer(host: RunningHost, task_type: str, expert: str = ENCODERS[1], /, **inputs: Any) -> dict[str, Any]:
    result = await host.client.infer_with(expert, inputs, task_type=task_type)
    return {name: value.data if isinstance(value, Json) else value for name, value in result.outputs.items()}


def alike(result: Any, expected: Any) -> bool:
    """Whether two outputs are the same but for rounding."""
    if isinstance(expected, dict):
        return result.keys() == expected.keys() and all(alike(result[key], expected[key]) for key in expected)
    if isinstance(expected, list):
        return len(result) == len(expected) and all(map(alike, result, expected))
    return bool(result == pytest.approx(expected, abs=1e-4)) if isinstance(expected, float) else result == expected


@pytest.mark.tasks
async def test_the_encoder_gives_the_same_on_both_runtimes(host: RunningHost) -> None:
    for task_type, inputs in TASKS:
        torch, onnx = [await infer(host, task_type, expert, **inputs) for expert in ENCODERS]
        assert alike(onnx, torch), task_type
    for expert in ENCODERS:
        assert 0 < (await host.client.status(expert)).memory_bytes < 1 << 30


@pytest.mark.parametrize("task_type", [name for name, _ in TASKS])
async def test_calls_that_wait_together_get_what_they_get_alone(host: RunningHost, task_type: str) -> None:
    own = dict(TASKS)[task_type]
    texts = [REVIEW, "", NEWS, own["text"], REEFS, LETTER]
    calls = [{**own, "text": text} for text in texts]

    async def outcome(inputs: dict[str, Value]) -> Any:
        try:
            return await infer(host, task_type, **inputs)
        except InvalidArgumentError as error:
            return error.field

    alone = [await outcome(inputs) for inputs in calls]
    together = await asyncio.gather(*(outcome(inputs) for inputs in calls * 2))

    assert all(map(alike, together, alone * 2))
    is_empty_allowed = task_type in {"sentence-similarity", "feature-extraction"}
    assert (alone[1] == "inputs.text") is not is_empty_allowed


@pytest.mark.parametrize("expert", ENCODERS)
async def test_similar_texts_are_near_and_others_far(host: RunningHost, expert: str) -> None:
    async def score(text: str, other: str) -> float:
        result: float = (await infer(host, "sentence-similarity", expert, text=text, other=other))["score"]
        return result

    assert await score("A cat sits on the mat.", "A kitten is sitting on a rug.") > 0.5
    assert await score("A cat sits on the mat.", "Quarterly revenue fell by a tenth.") < 0.2
    assert await score("the same", "the same") == pytest.approx(1.0, abs=1e-5)


async def test_what_a_long_text_says_at_its_end_counts_too(host: RunningHost) -> None:
    beginning = "The committee met on Tuesday and spoke about the budget for roads. " * 40
    ending = "Dolphins and whales were seen off the coast by a group of biologists. " * 40
    other = "Biologists watched whales and dolphins."
    with_whales = await infer(host, "sentence-similarity", text=beginning + ending, other=other)
    without = await infer(host, "sentence-similarity", text=beginning, other=other)
    assert with_whales["score"] > without["score"] + 0.3


async def test_an_embedding_has_length_1_however_long_the_text(host: RunningHost) -> None:
    for text in ("Ice.", REEFS * 20, "无" * 3000, "x" * 5000):
        embedding = (await infer(host, "feature-extraction", text=text))["embedding"]
        assert len(embedding) == 384
        assert sum(number**2 for number in embedding) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        (
            "The goalkeeper saved two penalties and the home side won three nil.",
            ("politics", "sports", "food"),
            "sports",
        ),
        ("Chop the onions and fry them gently in butter.", ("sports", "cooking", "finance"), "cooking"),
        ("I was charged twice this month, please refund me.", ("shipping", "billing", "praise"), "billing"),
        ("The app crashes whenever I open the settings.", ("bug report", "sales", "shipping"), "bug report"),
        ("Heavy rain and strong winds are expected tonight.", ("law", "medicine", "weather"), "weather"),
        ("The tenant must give three months' notice.", ("weather", "medicine", "law"), "law"),
        ("Prune the roses in early spring.", ("programming", "gardening", "music"), "gardening"),
        (NEWS, ("cooking", "train accident", "elections"), "train accident"),
        (REEFS * 8, ("football", "marine biology", "fashion"), "marine biology"),
    ],
)
async def test_the_label_that_fits_is_found(
    host: RunningHost, text: str, labels: tuple[str, ...], expected: str
) -> None:
    result = await infer(host, "zero-shot-classification", text=text, labels=labels)
    assert result["label"] == expected
    assert result["score"] > 0.5
    assert result["scores"][0]["label"] == expected
    assert {item["label"] for item in result["scores"]} == set(labels)
    assert sum(item["score"] for item in result["scores"]) == pytest.approx(1)


@pytest.mark.parametrize(
    ("text", "question", "expected"),
    [
        (PAGE, "Who designed the building?", "Clara Whitfield"),
        (PAGE, "When was the museum founded?", "1887"),
        (PAGE, "How many objects does it hold?", "12,000"),
        (PAGE, "When did the fire happen?", "14\nMarch 1958"),
        (PAGE, "When is the museum open?", "Tuesday to Sunday, 10 a.m. to 6 p.m."),
        (PAGE, "How much is a ticket for adults?", "8 euros"),
        (PAGE, "Why was the wing rebuilt so quickly?", "because the city offered to pay half of\nthe costs"),
        (PAGE, "What was the building before?", "former customs house"),
        (NEWS, "Where did the train derail?", "Millbrook"),
        (NEWS, "Who was the driver?", "Peter Lang"),
        (NEWS, "How many wagons overturned?", "Eleven"),
        (NEWS, "How much damage was there?", "$4.2 million"),
        (LETTER, "Where is the supplier?", "Denmark"),
        (LETTER, "When will the chairs arrive?", "on Thursday"),
    ],
)
async def test_the_passage_that_answers_is_found(host: RunningHost, text: str, question: str, expected: str) -> None:
    result = await infer(host, "question-answering", text=text, question=question)
    assert expected in result["answer"]
    assert len(result["answer"]) < len(expected) + 80
    assert text[int(result["start"]) : int(result["end"])] == result["answer"]
    assert result["score"] > 0.3


async def test_a_question_that_the_text_does_not_answer_scores_low(host: RunningHost) -> None:
    for text, question in [(PAGE, "Who won the world cup?"), (NEWS, "How do I bake bread?")]:
        assert (await infer(host, "question-answering", text=text, question=question))["score"] < 0.2


@pytest.mark.parametrize(("text", "count"), [(REEFS, 1), (REEFS, 4), (NEWS, 3), (REVIEW, 2)])
async def test_a_summary_has_sentences_of_the_text_in_their_order(host: RunningHost, text: str, count: int) -> None:
    summary = (await infer(host, "summarization", text=text, sentence_count=float(count)))["text"]
    rest, result = summary, []
    # Every sentence of these texts ends with a full stop or a question mark in front of a space.
    for sentence in text.replace("? ", "?|").replace(". ", ".|").split("|"):
        if rest.startswith(sentence):
            result.append(sentence)
            rest = rest.removeprefix(sentence).lstrip()
    assert rest == ""
    assert len(result) == count


async def test_a_summary_is_shorter_the_shorter_the_text_and_a_short_one_stays(host: RunningHost) -> None:
    by_length = (await infer(host, "summarization", text=REEFS))["text"]
    assert len(by_length) < len(REEFS) / 2
    for count in (12.0, 100.0):
        assert (await infer(host, "summarization", text=REEFS, sentence_count=count))["text"] == REEFS


async def test_a_page_is_summed_up_in_whole_sentences_on_one_line(host: RunningHost) -> None:
    summary = (await infer(host, "summarization", text=PAGE, sentence_count=3.0))["text"]
    assert "local merchants who wanted to preserve the history of the port." in summary
    assert "\n" not in summary
    assert "Opening hours" not in summary


async def test_sentences_that_repeat_each_other_are_taken_once(host: RunningHost) -> None:
    text = (
        "The town council will build a new swimming pool next year. A new swimming pool will be built by the town "
        "council next year. Next year the council of the town is going to build a new swimming pool. Most citizens "
        "are glad about the swimming pool, but some fear that the council will raise taxes to pay for it."
    )
    summary = (await infer(host, "summarization", text=text, sentence_count=2.0))["text"]
    assert "raise taxes" in summary


@pytest.mark.tasks
async def test_50_kilobytes_are_read_with_progress_and_the_answer_found(host: RunningHost) -> None:
    text = long_text(50_000)
    needle = "The lighthouse was designed by Ingrid Solberg. "
    middle = text.index("In week 300 ")
    whole = text[:middle] + needle + text[middle:]
    question = "Who designed the lighthouse?"
    events = [
        event
        async for event in host.client.events(
            ENCODERS[1], {"text": whole, "question": question}, task_type="question-answering"
        )
    ]
    fractions = [event.fraction for event in events if isinstance(event, InferProgress) and event.fraction]
    assert len(fractions) > 3
    assert fractions == sorted(fractions)
    assert isinstance(events[-1], InferOutputs)
    assert events[-1].outputs["answer"] == "Ingrid Solberg"
    summary = (await infer(host, "summarization", text=whole))["text"]
    assert 10 <= summary.count(".") <= 11


async def test_a_call_that_nobody_waits_for_ends_between_passes(host: RunningHost) -> None:
    events = host.client.events(ENCODERS[1], {"text": long_text(900_000)}, task_type="summarization")
    async for event in events:
        if isinstance(event, InferProgress) and event.fraction:
            break
    await events.aclose()
    # The expert computes one batch at once: it has left the long one when it answers.
    result = await infer(host, "sentence-similarity", text="a", other="a")
    assert result["score"] == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(
    ("task_type", "inputs", "field"),
    [
        ("summarization", {"text": " \n"}, "text"),
        ("summarization", {"text": "x", "sentence_count": 0.0}, "sentence_count"),
        ("summarization", {"text": "x" * 1_000_001}, "text"),
        ("feature-extraction", {"text": "x" * 1_000_001}, "text"),
        ("question-answering", {"text": "", "question": "Who?"}, "text"),
        ("question-answering", {"text": "x", "question": "  "}, "question"),
        ("question-answering", {"text": "x"}, "question"),
        ("zero-shot-classification", {"text": "x", "labels": ()}, "labels"),
        ("zero-shot-classification", {"text": "x", "labels": ("a", " ")}, "labels"),
        ("zero-shot-classification", {"text": "x", "labels": ("a", "a")}, "labels"),
        ("zero-shot-classification", {"text": "", "labels": ("a",)}, "text"),
    ],
)
async def test_the_input_at_fault_is_named(
    host: RunningHost, task_type: str, inputs: dict[str, Value], field: str
) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        await infer(host, task_type, **inputs)
    assert (caught.value.reason, caught.value.field) == ("INVALID_INPUT", f"inputs.{field}")


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("I love this camera, the pictures are stunning!", "positive"),
        ("Great value, works well and arrived early. Would buy it again.", "positive"),
        (REVIEW, "positive"),
        ("The room was dirty and the staff were rude.", "negative"),
        ("Worst purchase ever. It broke after two days and nobody answers my mails.", "negative"),
        ("The food was not good at all.", "negative"),
        ("The meeting is at ten in room four.", "neutral"),
        ("It has four legs and weighs two kilograms.", "neutral"),
    ],
)
async def test_vader_tells_good_reviews_from_bad_ones(host: RunningHost, text: str, label: str) -> None:
    result = await infer(host, "", "vader", text=text, domain="sentiment")
    assert result["label"] == label
    assert result["scores"][0]["label"] == label
    assert {item["label"] for item in result["scores"]} == {"positive", "neutral", "negative"}
    assert sum(item["score"] for item in result["scores"]) == pytest.approx(1)
    assert result["score"] == max(item["score"] for item in result["scores"])


async def test_vader_is_the_surer_the_stronger_the_words(host: RunningHost) -> None:
    weak, strong = [
        (await infer(host, "", "vader", text=text, domain="sentiment"))["score"]
        for text in ("It is okay.", "Absolutely wonderful, I love it!")
    ]
    assert 0.5 <= weak < strong <= 1


@pytest.mark.parametrize(
    ("text", "label", "tag"),
    [
        ("Where can I buy a ticket for the next train?", "English", "en"),
        ("Wo kann ich eine Fahrkarte kaufen?", "German", "de"),
        ("Où puis-je acheter un billet ?", "French", "fr"),
        ("¿Dónde está la biblioteca?", "Spanish", "es"),
        ("Dov'è il bagno, per favore?", "Italian", "it"),
        ("Onde posso comprar um bilhete?", "Portuguese", "pt"),
        ("Где находится библиотека?", "Russian", "ru"),
        ("图书馆在哪里？", "Chinese", "zh"),
        ("こんにちは、駅はどこですか。", "Japanese", "ja"),
        ("도서관이 어디에 있습니까?", "Korean", "ko"),
        ("أين يمكنني شراء تذكرة؟", "Arabic", "ar"),
        ("पुस्तकालय कहाँ है?", "Hindi", "hi"),
        ("12345", "no language", "zxx"),
    ],
)
async def test_langid_names_languages(host: RunningHost, text: str, label: str, tag: str) -> None:
    result = await infer(host, "", "langid", text=text, domain="language")
    assert (result["label"], result["tag"]) == (label, tag)
    assert result["scores"][0] == {"label": label, "score": result["score"]}
    assert sum(item["score"] for item in result["scores"]) == pytest.approx(1, abs=0.05)


async def test_langid_is_unsure_of_a_word_and_sure_of_a_text(host: RunningHost) -> None:
    word = await infer(host, "", "langid", text="ok", domain="language")
    text = await infer(host, "", "langid", text=long_text(50_000), domain="language")
    assert word["score"] < 0.3
    assert (text["tag"], text["score"]) == ("en", pytest.approx(1, abs=0.01))


@pytest.mark.parametrize(("expert", "other"), [("vader", "language"), ("langid", "sentiment")])
async def test_a_domain_that_is_another_experts_is_named(host: RunningHost, expert: str, other: str) -> None:
    with pytest.raises(InvalidArgumentError, match=other) as caught:
        await infer(host, "", expert, text="Good morning.", domain=other)
    assert (caught.value.reason, caught.value.field) == ("INVALID_INPUT", "inputs.domain")
    with pytest.raises(OrchestrionError) as caught_blank:
        await infer(host, "", expert, text="  ", domain={"vader": "sentiment", "langid": "language"}[expert])
    assert caught_blank.value.metadata["field"] == "inputs.text"
    status = await host.client.status(expert)
    assert status.state is ExpertState.LOADED
    assert 0 < status.memory_bytes < 200 << 20
