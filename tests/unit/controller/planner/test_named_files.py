"""Files that a request names: by name, by path, by the link that they were fetched from; links that lead to none."""

from __future__ import annotations

import pytest

from orchestrion_controller.planner.asides import asides


def marked(text: str, *names: str) -> list[tuple[str, str, str]]:
    """The mark, the name and the words of what a request sets aside."""
    return [(item.mark, item.text, text[item.start : item.end]) for item in asides(text, names)]


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("Read pics/menu.jpg aloud", "menu.jpg", "pics/menu.jpg"),
        ("Read ./a b.jpg aloud", "a b.jpg", "./a b.jpg"),
        ("Read ~/pics/2024/menu.jpg.", "menu.jpg", "~/pics/2024/menu.jpg"),
        ("Read /menu.jpg", "menu.jpg", "/menu.jpg"),
        (r"Read C:\Users\me\menu.jpg now", "menu.jpg", r"C:\Users\me\menu.jpg"),
        ("Read '../my pics/menu.jpg'", "menu.jpg", "'../my pics/menu.jpg'"),
        ("Lies „bilder/menu.jpg“ vor", "menu.jpg", "„bilder/menu.jpg“"),
        ("Read docs/README to me", "README", "docs/README"),
        ("Read PICS/IMG_1.JPG", "img_1.jpg", "PICS/IMG_1.JPG"),
        ("读出pics/menu.jpg里的文字", "menu.jpg", "pics/menu.jpg"),
        ("把menu.jpg里的文字读出来", "menu.jpg", "menu.jpg"),
        ("把照片.jpg变亮", "照片.jpg", "照片.jpg"),
        ("请看 图片/menu.jpg 写了什么", "menu.jpg", "图片/menu.jpg"),
        ("pics/menu.jpgの文字を読んで", "menu.jpg", "pics/menu.jpg"),
    ],
)
def test_a_path_counts_as_its_file_as_a_whole(text: str, name: str, words: str) -> None:
    assert [(named, said) for _, named, said in marked(text, name)] == [(name, words)]


def test_a_file_that_is_not_attached_is_one_too() -> None:
    assert marked("Read pics/menu.jpg aloud") == [("[image]", "menu.jpg", "pics/menu.jpg")]


def test_a_name_inside_another_is_not_meant() -> None:
    assert [name for _, name, _ in marked("Compare aa.jpg with this", "a.jpg", "aa.jpg")] == ["aa.jpg"]
    assert marked("Read menu.jpgs", "menu.jpg") == []


def test_a_sentence_in_quotation_marks_is_no_path() -> None:
    text = "Say 'Please have no look at the file pics/menu.jpg'"
    assert [said for _, _, said in marked(text, "menu.jpg")] == ["pics/menu.jpg"]


@pytest.mark.parametrize(
    ("text", "name", "mark", "words"),
    [
        ("What does https://example.org/news/today say?", "today.txt", "[document]", "https://example.org/news/today"),
        ("Look at www.example.org/a.png.", "a.png", "[image]", "www.example.org/a.png"),
        ("总结https://example.org/wiki/新闻,谢谢", "新闻.txt", "[document]", "https://example.org/wiki/新闻"),
        ("Summarise https://example.org", "example.org.txt", "[document]", "https://example.org"),
    ],
)
def test_a_link_stands_for_the_file_that_was_fetched_from_it(text: str, name: str, mark: str, words: str) -> None:
    assert marked(text, name) == [(mark, name, words)]


def test_of_several_files_that_may_be_a_links_the_one_of_its_very_name_is_meant() -> None:
    text = "Read https://example.org/menu.jpg"
    assert [name for _, name, _ in marked(text, "menu.txt", "menu.jpg")] == ["menu.jpg"]


def test_a_link_that_no_file_is_from_is_a_link() -> None:
    text = "Is https://example.org/a.png the same as menu.jpg?"
    assert marked(text, "menu.jpg") == [
        ("[link]", "https://example.org/a.png", "https://example.org/a.png"),
        ("[image]", "menu.jpg", "menu.jpg"),
    ]
