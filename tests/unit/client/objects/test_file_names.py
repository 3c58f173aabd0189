"""Names of files in words: which are taken, and which never are."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrion.cli.objects import file_names

FILES = (
    "menu.jpg", "my menu.jpg", "发票.png", "IMG(1).jpg", "notes.tar.gz", "pics/cat.png", "pics/deep/a b.wav",
    "Ärger.txt", ".env.txt", ".git/config.txt", "pics/.hidden.png", "README", "it's.txt", "第1章.txt", "a-b.c_d.mp3",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "here"
    for name in FILES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"content")
    (tmp_path / "outside.png").write_bytes(b"secret")
    (folder / "out.png").symlink_to(tmp_path / "outside.png")
    (folder / "up").symlink_to(tmp_path)
    (folder / "inside.png").symlink_to(folder / "menu.jpg")
    (folder / "masked.png").symlink_to(folder / ".env.txt")
    (folder / "folder.png").mkdir()
    (folder / "broken.png").symlink_to(folder / "nowhere.png")
    return folder


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("read menu.jpg aloud", ["menu.jpg"]),
        ("把 发票.png 翻译成英文", ["发票.png"]),
        ("把发票.png翻译成英文", ["发票.png"]),
        ("请总结第1章.txt的内容", ["第1章.txt"]),
        ("menu.jpgを読んで、発票.pngも", ["menu.jpg"]),
        ("menu.jpg를 읽어줘", ["menu.jpg"]),
        ("What does 'my menu.jpg' say?", ["my menu.jpg"]),
        ("Lies „my menu.jpg“ und «menu.jpg» vor.", ["my menu.jpg", "menu.jpg"]),
        ("read 「my menu.jpg」", ["my menu.jpg"]),
        ("compare pics/cat.png with ./menu.jpg.", ["pics/cat.png", "menu.jpg"]),
        ("transcribe \"pics/deep/a b.wav\"", ["pics/deep/a b.wav"]),
        ("Read menu.jpg, then menu.jpg again (IMG(1).jpg)!", ["menu.jpg", "IMG(1).jpg"]),
        ("die menu.jpg-Datei und Ärger.txt", ["menu.jpg", "Ärger.txt"]),
        ("unpack notes.tar.gz", ["notes.tar.gz"]),
        ("faster: a-b.c_d.mp3?", ["a-b.c_d.mp3"]),
        ("It's in menu.jpg and that's all", ["menu.jpg"]),
        ("the 12\" one in menu.jpg and the 15\" one", ["menu.jpg"]),
        ("read inside.png", ["inside.png"]),
        # Words, not objects.
        ("say \"I read menu.jpg yesterday\"", []),
        ("read mymenu.jpg and menu.jpgs and menu.jpg.bak and -menu.jpg", []),
        ("what is at https://example.org/menu.jpg or www.example.org/menu.jpg", []),
        ("translate README, e.g. the U.S. part of example.com", []),
        ("read MENU.JPG", []),
        # Never.
        ("read .env.txt, .git/config.txt and pics/.hidden.png", []),
        ("read ../outside.png, up/outside.png, out.png, masked.png, folder.png, broken.png", []),
        ("read ~/menu.jpg and pics/../menu.jpg and pics/../../outside.png", []),
    ],
)  # fmt: skip
def test_names_are_read_as_they_are_written(text: str, names: list[str], folder: Path) -> None:
    taken = file_names.find(text, lambda name: file_names.file_inside(folder, name))
    assert [str(path.relative_to(folder)) for _, path in taken] == names
    absolute = f"read {folder}/menu.jpg"
    assert file_names.find(absolute, lambda name: file_names.file_inside(folder, name)) == []


def test_case_is_that_of_the_file_system(folder: Path) -> None:
    (folder / "Menu.JPG").write_bytes(b"other")
    taken = file_names.find("read Menu.JPG", lambda name: file_names.file_inside(folder, name))
    assert [path.name for _, path in taken] == ["Menu.JPG"]


def test_long_words_are_no_trouble(folder: Path) -> None:
    names: list[str] = []
    text = "x" * 100_000 + ".jpg " + "字" * 100_000 + ".jpg " + "a.b." * 10_000 + ' "' + "y" * 5_000 + '.jpg"'
    assert file_names.find(text, names.append) == []
    assert max(map(len, names)) < 300
    assert len(names) < 2_000
