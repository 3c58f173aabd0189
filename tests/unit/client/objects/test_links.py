"""Links as people write them in their words, in scripts with and without spaces."""

from __future__ import annotations

import pytest

from orchestrion import links


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("What is in https://example.org/cat.png?", ["https://example.org/cat.png"]),
        ("What is in https://example.org/cat.png?size=2, please.", ["https://example.org/cat.png?size=2"]),
        ("(see https://en.wikipedia.org/wiki/Bank_(geography))", ["https://en.wikipedia.org/wiki/Bank_(geography)"]),
        ("Summarize <http://a.org/x> and 'https://b.org/y.'", ["http://a.org/x", "https://b.org/y"]),
        ("把https://example.org/发票.png翻译成英文", ["https://example.org/发票.png"]),
        ("把https://example.org/a.png翻译成英文。", ["https://example.org/a.png"]),
        ("总结 https://zh.wikipedia.org/wiki/人工智能。", ["https://zh.wikipedia.org/wiki/人工智能"]),
        ("https://example.org/这个网页讲了什么？", ["https://example.org"]),
        ("「https://example.jp/ニュース」を要約して", ["https://example.jp"]),
        ("https://example.jp/a/ニュース、要約して", ["https://example.jp/a/ニュース"]),
        ("Fasse www.beispiel.de/größe zusammen", ["https://www.beispiel.de/größe"]),
        ("HTTP://EXAMPLE.ORG/A.PNG", ["HTTP://EXAMPLE.ORG/A.PNG"]),
        ("http://localhost:8080/x.wav and http://192.168.1.7/", ["http://localhost:8080/x.wav", "http://192.168.1.7/"]),
        ("ftp://example.org/x, file:///etc/passwd, example.org, www., http:// and https://", []),
    ],
)
def test_links_end_where_the_sentence_goes_on(text: str, urls: list[str]) -> None:
    mentions = list(links.mentions(text))
    assert [mention.url for mention in mentions] == urls
    for mention in mentions:
        assert mention.url.endswith(text[mention.start : mention.end])


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("https://example.org/pics/menu.jpg?x=1#y", "menu.jpg"),
        ("https://example.org/blog/night-train/", "night-train"),
        ("https://example.org/%E5%8F%91%E7%A5%A8.png", "发票.png"),
        ("https://example.org/", "example.org"),
        ("https://example.org/a%2F..%2F.hidden", "a...hidden"),
        ("https://example.org/...", "example.org"),
        ("http://[::1", "link"),
    ],
)
def test_names_come_from_the_last_part(url: str, part: str) -> None:
    assert links.last_part(url) == part


@pytest.mark.parametrize(
    ("file_name", "url", "fits"),
    [
        ("menu.jpg", "https://example.org/menu.jpg", True),
        ("image.png", "https://example.org/image.php?id=7", True),
        ("night-train.txt", "https://example.org/blog/night-train/", True),
        ("example.org.txt", "https://example.org", True),
        ("v1.2.txt", "https://example.org/v1.2", True),
        ("menu.jpg", "https://example.org/menu-2.jpg", False),
        ("v1.txt", "https://example.org/v1.2.3", False),
    ],
)
def test_planners_recognise_what_a_link_led_to(file_name: str, url: str, fits: bool) -> None:
    assert links.is_named_after(file_name, url) is fits


@pytest.mark.parametrize(
    ("text", "in_passing"),
    [
        ("Summarize https://a.org/x", False),
        ("Summarize 'https://a.org/x', please.", False),
        ("Summarize «https://a.org/x»", False),
        ('Translate "see https://a.org/x" into French', True),
        ("把“请看 https://a.org/x”翻译成英文", True),
        ('Say "hello", then read https://a.org/x and say "bye"', False),
    ],
)
def test_a_link_in_a_longer_quotation_is_part_of_it(text: str, in_passing: bool) -> None:
    (mention,) = links.mentions(text)
    assert links.is_quoted_in_passing(text, mention.start, mention.end) is in_passing
