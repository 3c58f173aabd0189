"""The multilingual sentence encoder on a real host: similarity, labels and what follows, in each of its languages."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import pytest

from orchestrion.errors import FailedPreconditionError, InvalidArgumentError
from orchestrion.experts import ExpertState
from orchestrion.values import Json
from orchestrion_host.catalogue import reader
from tests.rpc.host.hosts import RunningHost
from tests.rpc.host.texts import REEFS

pytestmark = pytest.mark.asyncio(loop_scope="session")

EXPERT: Final = "universal-sentence-encoder"
ENGLISH: Final = "The cat sleeps on the sofa."


class Sample(NamedTuple):
    """Sentences of one language."""

    cat: str
    same: str
    oil: str
    match: str
    labels: tuple[str, str, str]
    """Sports, cooking and politics."""


SAMPLES: Final = {
    "ar": Sample(
        "القطة تنام على الأريكة.",
        "هناك قط نائم فوق الكنبة.",
        "انخفضت أسعار النفط أمس.",
        "فاز الفريق بالمباراة بثلاثة أهداف.",
        ("رياضة", "طبخ", "سياسة"),
    ),
    "zh": Sample(
        "猫睡在沙发上。",
        "沙发上有一只睡着的猫。",
        "昨天油价下跌了。",
        "球队以三比零赢得了比赛。",
        ("体育", "烹饪", "政治"),
    ),
    "zh-TW": Sample(
        "貓睡在沙發上。",
        "沙發上有一隻睡著的貓。",
        "昨天油價下跌了。",
        "球隊以三比零贏得了比賽。",
        ("體育", "烹飪", "政治"),
    ),
    "en": Sample(
        ENGLISH,
        "There is a cat asleep on the couch.",
        "Oil prices fell yesterday.",
        "The team won the match by three goals.",
        ("sports", "cooking", "politics"),
    ),
    "fr": Sample(
        "Le chat dort sur le canapé.",
        "Il y a un chat endormi sur le sofa.",
        "Les prix du pétrole ont baissé hier.",
        "L'équipe a gagné le match trois à zéro.",
        ("sport", "cuisine", "politique"),
    ),
    "de": Sample(
        "Die Katze schläft auf dem Sofa.",
        "Auf der Couch liegt eine schlafende Katze.",
        "Die Ölpreise sind gestern gefallen.",
        "Die Mannschaft gewann das Spiel drei zu null.",
        ("Sport", "Kochen", "Politik"),
    ),
    "it": Sample(
        "Il gatto dorme sul divano.",
        "C'è un gatto addormentato sul sofà.",
        "Ieri il prezzo del petrolio è sceso.",
        "La squadra ha vinto la partita tre a zero.",
        ("sport", "cucina", "politica"),
    ),
    "ja": Sample(
        "猫がソファーで寝ている。",
        "ソファーの上に眠っている猫がいる。",
        "昨日、原油価格が下がった。",
        "チームは三対零で試合に勝った。",
        ("スポーツ", "料理", "政治"),
    ),
    "ko": Sample(
        "고양이가 소파에서 자고 있다.",
        "소파 위에 잠든 고양이가 있다.",
        "어제 유가가 하락했다.",
        "팀이 경기에서 삼 대 영으로 이겼다.",
        ("스포츠", "요리", "정치"),
    ),
    "nl": Sample(
        "De kat slaapt op de bank.",
        "Er ligt een slapende kat op de sofa.",
        "De olieprijzen zijn gisteren gedaald.",
        "Het team won de wedstrijd met drie doelpunten.",
        ("sport", "koken", "politiek"),
    ),
    "pl": Sample(
        "Kot śpi na kanapie.",
        "Na sofie leży śpiący kot.",
        "Wczoraj spadły ceny ropy.",
        "Drużyna wygrała mecz trzy do zera.",
        ("sport", "gotowanie", "polityka"),
    ),
    "pt": Sample(
        "O gato dorme no sofá.",
        "Há um gato adormecido no sofá.",
        "Ontem os preços do petróleo caíram.",
        "A equipa ganhou o jogo por três a zero.",
        ("desporto", "culinária", "política"),
    ),
    "es": Sample(
        "El gato duerme en el sofá.",
        "Hay un gato dormido en el sillón.",
        "Ayer bajaron los precios del petróleo.",
        "El equipo ganó el partido por tres a cero.",
        ("deportes", "cocina", "política"),
    ),
    "th": Sample(
        "แมวนอนอยู่บนโซฟา",
        "มีแมวหลับอยู่บนโซฟา",
        "เมื่อวานราคาน้ำมันลดลง",
        "ทีมชนะการแข่งขันสามประตูต่อศูนย์",
        ("กีฬา", "การทำอาหาร", "การเมือง"),
    ),
    "tr": Sample(
        "Kedi kanepede uyuyor.",
        "Kanepenin üstünde uyuyan bir kedi var.",
        "Dün petrol fiyatları düştü.",
        "Takım maçı üç sıfır kazandı.",
        ("spor", "yemek", "siyaset"),
    ),
    "ru": Sample(
        "Кошка спит на диване.",
        "На диване лежит спящая кошка.",
        "Вчера цены на нефть упали.",
        "Команда выиграла матч со счётом три ноль.",
        ("спорт", "кулинария", "политика"),
    ),
}
GERMAN_PAGE: Final = (
    "Das Stadtmuseum wurde 1887 gegründet. Das Gebäude entwarf die Architektin Clara Weber. Es war früher ein "
    "Zollhaus. Bei einem Brand im März 1958 wurde der Westflügel zerstört. Die Sammlung umfasst 12.000 Gegenstände. "
    "Geöffnet ist das Museum dienstags bis sonntags von 10 bis 18 Uhr. Eine Karte für Erwachsene kostet 8 Euro."
)
CHINESE_PAGE: Final = (
    "市立博物馆成立于1887年。这座建筑由建筑师李明设计。它以前是海关大楼。1958年3月的一场火灾烧毁了西翼。"
    "馆藏有一万二千件物品。博物馆周二至周日上午十点到下午六点开放。成人票八欧元。"
)


async def infer(host: RunningHost, task_type: str, /, **inputs: Any) -> dict[str, Any]:
    result = await host.client.infer_with(EXPERT, inputs, task_type=task_type)
    return {name: value.data if isinstance(value, Json) else value for name, value in result.outputs.items()}


async def score(host: RunningHost, text: str, other: str) -> float:
    return float((await infer(host, "sentence-similarity", text=text, other=other))["score"])


async def test_all_its_languages_are_tried() -> None:
    assert set(reader.read((), test_experts=False)[EXPERT].languages) == set(SAMPLES)


@pytest.mark.parametrize("language", SAMPLES)
async def test_sentences_of_one_meaning_are_near_and_others_far(host: RunningHost, language: str) -> None:
    sample = SAMPLES[language]
    assert await score(host, sample.cat, sample.same) > 0.5
    assert await score(host, sample.cat, sample.oil) < 0.2
    assert await score(host, sample.cat, ENGLISH) > 0.6


@pytest.mark.parametrize("language", SAMPLES)
async def test_the_label_that_fits_is_found(host: RunningHost, language: str) -> None:
    sample = SAMPLES[language]
    result = await infer(host, "zero-shot-classification", text=sample.match, labels=sample.labels)
    assert result["label"] == sample.labels[0]
    assert result["score"] > 0.4
    assert sum(item["score"] for item in result["scores"]) == pytest.approx(1)


async def test_labels_may_be_in_another_language_than_the_text(host: RunningHost) -> None:
    sample = SAMPLES["ja"]
    result = await infer(host, "zero-shot-classification", text=sample.match, labels=SAMPLES["en"].labels)
    assert result["label"] == "sports"


@pytest.mark.parametrize(
    ("page", "question", "expected"),
    [
        (GERMAN_PAGE, "Wer hat das Gebäude entworfen?", "Clara Weber"),
        (GERMAN_PAGE, "Wie viel kostet der Eintritt?", "8 Euro"),
        (CHINESE_PAGE, "谁设计了这座建筑？", "李明"),
        (CHINESE_PAGE, "门票多少钱？", "八欧元"),
        (CHINESE_PAGE, "When was the museum founded?", "1887"),
    ],
)
async def test_the_sentence_that_answers_is_found(host: RunningHost, page: str, question: str, expected: str) -> None:
    result = await infer(host, "question-answering", text=page, question=question)
    assert expected in result["answer"]
    assert len(result["answer"]) < len(page) / 3
    assert result["score"] > 0.3


async def test_a_question_that_the_text_does_not_answer_scores_low(host: RunningHost) -> None:
    for page, question in ((GERMAN_PAGE, "Wie backt man Brot?"), (CHINESE_PAGE, "怎么做面包？")):
        assert (await infer(host, "question-answering", text=page, question=question))["score"] < 0.25


@pytest.mark.parametrize("page", [GERMAN_PAGE, CHINESE_PAGE, REEFS])
async def test_a_summary_has_sentences_of_the_text(host: RunningHost, page: str) -> None:
    summary = (await infer(host, "summarization", text=page, sentence_count=1.0))["text"]
    assert summary in page
    assert 0 < len(summary) < len(page) / 2


async def test_an_embedding_has_length_1_however_long_the_text(host: RunningHost) -> None:
    for text in ("Ice.", "", "🚀", REEFS * 20, "无" * 3000, "x" * 5000):
        embedding = (await infer(host, "feature-extraction", text=text))["embedding"]
        assert len(embedding) == 512
        assert sum(number**2 for number in embedding) == pytest.approx(1, abs=1e-4)


async def test_it_takes_little_memory(host: RunningHost) -> None:
    await score(host, "a", "b")
    assert 0 < (await host.client.status(EXPERT)).memory_bytes < 400 << 20


async def test_the_input_at_fault_is_named(host: RunningHost) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        await infer(host, "zero-shot-classification", text="x", labels=())
    assert caught.value.field == "inputs.labels"


async def test_weights_that_are_not_those_of_the_catalogue_are_refused_and_the_host_goes_on(host: RunningHost) -> None:
    with pytest.raises(
        FailedPreconditionError, match=r"weights\.npz is not the file that the catalogue names"
    ) as caught:
        await host.client.infer_with("torn-encoder", {"text": "a", "other": "b"}, task_type="sentence-similarity")
    assert caught.value.reason == "EXPERT_LOAD_FAILED"
    assert (await host.client.status("torn-encoder")).state is ExpertState.FAILED
    assert await score(host, "a cat", "a cat") == pytest.approx(1, abs=1e-5)
