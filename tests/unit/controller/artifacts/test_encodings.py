"""Texts in the encodings that files come in, and content that is no text."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from orchestrion_controller.artifacts.encodings import decode, is_text

GERMAN = "Grüße aus München! Die Straße ist schön, wir kommen um zehn über die Brücke.\r\n"
PAGE = GERMAN * 600
"""Some 50 kB."""


@pytest.mark.parametrize("text", ["a", "{}", GERMAN, PAGE, "日本語", "Привет 🎹", "\tto\x1a do\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_is_read_exactly(text: str, encoding: str) -> None:
    content = text.encode(encoding)
    assert decode(content) == text
    assert is_text(content[:4096])


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_latin_text_in_utf_16_needs_no_mark(encoding: str) -> None:
    assert decode(GERMAN.encode(encoding)) == GERMAN


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", GERMAN),
        ("cp1252", PAGE),
        ("cp1252", "Grüße"),
        ("cp1252", "L’été dernier, nous avons dîné à l’hôtel près de la forêt. C'était très bon."),
        ("iso-8859-1", "Smörgåsbord på bordet, är det inte härligt?"),
        ("cp1251", "Привет, как дела? Сегодня хорошая погода, и мы идём гулять в парк."),
        ("koi8-r", "Привет, как дела? Сегодня хорошая погода, и мы идём гулять в парк."),
        ("cp1253", "Καλημέρα, σήμερα ο καιρός είναι ωραίος και πάμε στο πάρκο."),
        ("shift_jis", "今日は天気がいいですね。公園へ散歩に行きましょう。日本語のテキストです。"),
        ("euc-jp", "今日は天気がいいですね。公園へ散歩に行きましょう。日本語のテキストです。"),
        ("gb18030", "今天天气很好，我们去公园散步吧。这是中文文本。"),
        ("big5", "今天天氣很好，我們去公園散步吧。這是中文文本。"),
        ("euc-kr", "안녕하세요. 오늘은 날씨가 좋습니다. 공원에 갑시다."),
    ],
)
def test_older_encodings_are_told_by_their_letters(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding)) == text


def _sound() -> bytes:
    file = io.BytesIO()
    soundfile.write(file, np.zeros(800, "float32"), 8000, format="FLAC")
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [bytes(range(256)), b"\x00\x01", b"\xff\xfea", b"\xef\xbb\xbf\xff", b"caf\x81 \x8d", b"a\0b\0\0\0", _sound()],
)
def test_what_is_no_text_is_not_taken_for_one(content: bytes) -> None:
    assert decode(content) is None


def test_a_head_that_ends_inside_a_letter_is_text() -> None:
    content = ("é" * 4000).encode()
    assert is_text(content[:4095])
    assert not is_text(b"\xff" + content)
    assert not is_text(b"")


@given(st.binary(max_size=40))
def test_any_content_is_a_text_that_can_be_sent_or_none(content: bytes) -> None:
    text = decode(content)
    assert text is None or text.encode() is not None
