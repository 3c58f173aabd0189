"""Small valid files that stand in for those that requests name: of the right kind, with another content for each name.

Planning looks at the kinds and names of files alone; their content only has to be what it says it is.
"""

from __future__ import annotations

import array
import hashlib
import json
import struct
from dataclasses import dataclass

from orchestrion._content import media
from orchestrion.content import Sound
from orchestrion_evaluation import mentions
from orchestrion_evaluation.video import mp4_of_jpeg


@dataclass(frozen=True, slots=True)
class StandIn:
    """A file to upload."""

    name: str
    media_type: str
    content: bytes


def stand_in(name: str) -> StandIn:
    """Makes the file for a name.

    PNG, JPEG, GIF, WAV, MP3, MP4, PDF and texts are written as such; other pictures are PNG, other sounds WAV, other
    videos MP4 and other documents plain text, under the name that the request gives and with the media type of what
    they are.
    """
    ending = mentions.suffix(name)
    if ending in mentions.PICTURES:
        return StandIn(name, *_picture(name, ending))
    if ending in mentions.SOUNDS:
        return StandIn(name, *_sound(name, ending))
    if ending in mentions.VIDEOS:
        return StandIn(name, "video/mp4", mp4_of_jpeg(jpeg(name), name))
    if ending == "pdf":
        return StandIn(name, "application/pdf", pdf(name))
    return StandIn(name, *_text(name, ending))


def _picture(name: str, ending: str) -> tuple[str, bytes]:
    if ending in ("jpg", "jpeg"):
        return "image/jpeg", jpeg(name)
    if ending == "gif":
        return "image/gif", gif(name)
    digest = hashlib.sha256(name.encode()).digest()
    pixels = memoryview(digest * 6).cast("B", (8, 8, 3))
    return "image/png", media.png_of_array(pixels, name)


def _sound(name: str, ending: str) -> tuple[str, bytes]:
    if ending == "mp3":
        return "audio/mpeg", mp3(name)
    digest = hashlib.sha256(name.encode()).digest()
    # A tenth of a second of a square wave, whose period and loudness depend on the name.
    period, level = 8 + digest[0] % 64, 1000 + 64 * digest[1] + digest[2]
    samples = array.array("h", (level if index // period % 2 else -level for index in range(800)))
    return "audio/wav", media.wav_of_sound(Sound(samples, 8000), name)


def _text(name: str, ending: str) -> tuple[str, bytes]:
    line = f"This stands in for {name}."
    contents = {
        "csv": ("text/csv", f"name,value\n{json.dumps(name)},1\n"),
        "tsv": ("text/tab-separated-values", f"name\tvalue\n{name}\t1\n"),
        "json": ("application/json", json.dumps({"name": name})),
        "jsonl": ("application/jsonl", json.dumps({"name": name}) + "\n"),
        "yaml": ("application/yaml", f"name: {json.dumps(name)}\n"),
        "yml": ("application/yaml", f"name: {json.dumps(name)}\n"),
        "md": ("text/markdown", f"# {name}\n"),
    }
    media_type, text = contents.get(ending, ("text/plain", line + "\n"))
    return media_type, text.encode()


def jpeg(comment: str) -> bytes:
    """Writes a grey JPEG of 8 x 8 pixels (ITU-T T.81, baseline) with a comment.

    Its one block has the difference 0 and then nothing: both Huffman tables need a single code of one bit.
    """
    text = comment.encode()[:1000]
    return b"".join(
        (
            b"\xff\xd8",
            _segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
            _segment(0xFE, text),
            _segment(0xDB, b"\0" + bytes([1] * 64)),
            _segment(0xC0, struct.pack(">BHHB", 8, 8, 8, 1) + b"\x01\x11\0"),
            _segment(0xC4, b"\0" + bytes([1] + [0] * 15) + b"\0"),
            _segment(0xC4, b"\x10" + bytes([1] + [0] * 15) + b"\0"),
            _segment(0xDA, b"\x01\x01\0\0\x3f\0"),
            b"\x3f\xff\xd9",
        )
    )


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def gif(comment: str) -> bytes:
    """Writes a black GIF of one pixel with a comment."""
    text = comment.encode()[:255]
    screen = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    note = b"\x21\xfe" + bytes([len(text)]) + text + b"\0"
    return screen + note + b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00\x3b"


def mp3(title: str) -> bytes:
    """Writes a silent MP3 (MPEG-1 layer III, 128 kbit/s, 44.1 kHz) of eight frames with a title (ID3v2.3)."""
    text = b"\x03" + title.encode()[:100]
    tag_frame = b"TIT2" + struct.pack(">IH", len(text), 0) + text
    frame = b"\xff\xfb\x90\xc4" + bytes(413)  # 144 * 128,000 / 44,100 bytes.
    return b"ID3\x03\0\0" + bytes([0, 0, len(tag_frame) >> 7, len(tag_frame) & 127]) + tag_frame + frame * 8


def pdf(title: str) -> bytes:
    """Writes a PDF of one empty page, with its title as a comment."""
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Resources<<>>>>",
    )
    content = b"%PDF-1.4\n% " + title.encode().replace(b"\n", b" ") + b"\n"
    places = []
    for number, item in enumerate(objects, start=1):
        places.append(len(content))
        content += b"%d 0 obj\n%b\nendobj\n" % (number, item)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 4\n0000000000 65535 f \n" + table + b"trailer\n<</Size 4/Root 1 0 R>>\n"
    return content + head + b"startxref\n%d\n%%%%EOF\n" % len(content)
