"""What a task asks of an expert: languages, licences, sizes and words, each worked out without I/O."""

from __future__ import annotations

import io
import struct
import wave

import pytest

from orchestrion.plans import Task
from orchestrion.values import ArtifactRef, Json, OutputRef
from orchestrion_controller.artifacts.durations import duration_ms
from orchestrion_controller.dispatch import InputSize, SelectionContext
from orchestrion_controller.selector.licenses import LicenseKind, allowed, check, kind
from orchestrion_controller.selector.requirements import TaskRequirements, stems


@pytest.mark.parametrize(
    ("license_id", "expected"),
    [
        ("Apache-2.0", LicenseKind.PERMISSIVE),
        ("apache-2.0", LicenseKind.PERMISSIVE),
        ("BSD-3-Clause", LicenseKind.PERMISSIVE),
        ("CC-BY-4.0", LicenseKind.PERMISSIVE),
        ("Apache-2.0 AND MIT", LicenseKind.PERMISSIVE),
        ("GPL-3.0-or-later", LicenseKind.CONDITIONS),
        ("CC-BY-SA-4.0", LicenseKind.CONDITIONS),
        ("LicenseRef-CreativeML-OpenRAIL-M", LicenseKind.CONDITIONS),
        ("CC-BY-NC-4.0", LicenseKind.NOT_COMMERCIAL),
        ("CC-BY-NC-SA-4.0", LicenseKind.NOT_COMMERCIAL),
        ("LicenseRef-sai-nc-community", LicenseKind.NOT_COMMERCIAL),
        ("MIT AND CC-BY-NC-4.0", LicenseKind.NOT_COMMERCIAL),
        ("", LicenseKind.UNKNOWN),
        ("other", LicenseKind.UNKNOWN),
    ],
)
def test_what_a_licence_asks(license_id: str, expected: LicenseKind) -> None:
    assert kind(license_id) is expected


@pytest.mark.parametrize(
    ("license_id", "wanted", "expected"),
    [
        ("MIT", (), True),
        ("", (), True),
        ("", ("commercial",), False),
        ("mit", ("MIT",), True),
        ("MIT", ("Apache-2.0", "MIT"), True),
        ("BSD-2-Clause", ("BSD-*",), True),
        ("GPL-3.0", ("permissive",), False),
        ("GPL-3.0", ("commercial",), True),
        ("CC-BY-NC-4.0", ("commercial",), False),
        ("CC-BY-NC-4.0", ("CC-BY-NC-*",), True),
        ("Apache-2.0 AND MIT", ("MIT",), False),
        ("Apache-2.0 AND MIT", ("permissive",), True),
    ],
)
def test_which_licences_are_allowed(license_id: str, wanted: tuple[str, ...], expected: bool) -> None:
    assert allowed(license_id, wanted) is expected


def test_a_list_of_licences_is_checked() -> None:
    assert check(()) == check(("MIT", "BSD-*", "permissive")) == ""
    for wrong in ("", "any one"):
        assert "no SPDX identifier" in check(("MIT", wrong))


def test_sizes_are_those_of_texts_files_and_the_largest_item_of_a_list() -> None:
    files = {
        "artifacts/a": InputSize(duration_ms=3_000, size_bytes=10),
        "artifacts/b": InputSize(duration_ms=500, size_bytes=99),
    }
    task = Task(
        "t",
        "x",
        {
            "text": "four",
            "audio": (ArtifactRef("artifacts/a"), ArtifactRef("artifacts/b"), ArtifactRef("artifacts/unknown")),
            "later": OutputRef("other", "text"),
            "language": "de",
        },
    )
    assert TaskRequirements(task, SelectionContext(files)).sizes == {
        "text": InputSize(character_count=4),
        "audio": InputSize(duration_ms=3_000, size_bytes=99),
    }


def test_the_language_that_is_named_goes_before_that_of_the_text() -> None:
    german = "Die Katze ist auf dem Dach, und sie war vorher nicht da."
    unnamed = TaskRequirements(Task("t", "x", {"text": german}))
    assert (unnamed.language, unnamed.language_named, unnamed.text_language) == ("de", False, "de")
    named = TaskRequirements(Task("t", "x", {"text": german, "language": "pt-BR"}))
    assert (named.language, named.language_named, named.text_language) == ("pt", True, "de")
    assert TaskRequirements(Task("t", "x", {"language": Json("de")})).language == ""


def test_words_are_compared_without_endings_and_without_common_ones() -> None:
    assert stems("Find the drugs and doses in these reports, please") == {"find", "drug", "dos", "report"}
    assert stems("dose") == stems("doses")
    assert stems("summaries") == stems("summary")
    assert "law" in stems("a matter of law")


def wav(seconds: float) -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(round(64_000 * seconds)))
    return content.getvalue()


def test_wav_files_tell_how_long_they_are() -> None:
    content = wav(2.5)
    assert duration_ms(content[:4_096], len(content)) == 2_500
    # One that was written as it came has no length of its own.
    streamed = content.replace(b"data" + struct.pack("<I", 160_000), b"data" + b"\xff\xff\xff\xff")
    assert streamed != content
    assert duration_ms(streamed[:4_096], len(streamed)) == 2_500


def test_flac_files_tell_how_long_they_are() -> None:
    samples = 44_100 * 7
    packed = (44_100 << 44) | (1 << 41) | (15 << 36) | samples
    head = b"fLaC" + b"\x00\x00\x00\x22" + bytes(10) + struct.pack(">Q", packed) + bytes(16)
    assert duration_ms(head, 10**6) == 7_000


@pytest.mark.parametrize("head", [b"", b"RIFF", b"RIFF\0\0\0\0WAVE", b"fLaC", b"ID3\x04", wav(1)[:30]], ids=repr)
def test_what_does_not_tell_its_length_has_none(head: bytes) -> None:
    assert duration_ms(head, 1_000) == 0
