"""The starter experts that say what a picture shows, cut it out and paint it in a style, on a real host."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from PIL import Image, ImageDraw

from orchestrion.errors import FailedPreconditionError, InvalidArgumentError
from orchestrion.experts import ExpertState
from orchestrion.values import Json, Value
from tests.rpc.host.hosts import RunningHost
from tests.rpc.host.vision import distance, encoded, portrait, put, stored

pytestmark = pytest.mark.asyncio(loop_scope="session")

MEDIA: Final = Path(__file__).parents[2] / "media"
CAT: Final = (MEDIA / "cat.jpg").read_bytes()
COFFEE: Final = (MEDIA / "coffee.jpg").read_bytes()


def drawn(size: tuple[int, int] = (480, 320)) -> tuple[Image.Image, np.ndarray[Any, Any]]:
    """Draws a red ball on a pale wall; also returns which pixels are the ball."""
    picture, mask = Image.new("RGB", size, (214, 220, 226)), Image.new("L", size)
    box = (size[0] * 0.35, size[1] * 0.2, size[0] * 0.35 + size[1] * 0.6, size[1] * 0.8)
    ImageDraw.Draw(picture).ellipse(box, fill=(190, 40, 30))
    ImageDraw.Draw(mask).ellipse(box, fill=255)
    return picture, np.asarray(mask) > 0


async def infer(host: RunningHost, expert: str, task_type: str, content: bytes, **inputs: Value) -> dict[str, Value]:
    values = {"image": put(host, content, "me.old.img"), **inputs}
    return dict((await host.client.infer_with(expert, values, task_type=task_type)).outputs)


async def classes(host: RunningHost, content: bytes) -> list[tuple[str, float]]:
    outputs = await infer(host, "efficientnet-lite0", "image-classification", content)
    scores = outputs["scores"]
    assert isinstance(scores, Json)
    ranked = [(item["label"], item["score"]) for item in scores.data]
    assert (outputs["label"], outputs["score"]) == ranked[0]
    return ranked


@pytest.mark.parametrize(("content", "label"), [(CAT, "Egyptian cat"), (COFFEE, "espresso")])
async def test_the_main_thing_in_a_picture_is_named(host: RunningHost, content: bytes, label: str) -> None:
    ranked = await classes(host, content)
    assert ranked[0][0] == label
    assert ranked[0][1] > 0.5
    assert len(ranked) == 20
    assert [score for _, score in ranked] == sorted((score for _, score in ranked), reverse=True)
    assert sum(score for _, score in ranked) <= 1


async def test_a_thing_at_the_edge_of_a_wide_picture_counts(host: RunningHost) -> None:
    cat = Image.open(MEDIA / "cat.jpg")
    wide = Image.new("RGB", (cat.width + 100, cat.height), "white")
    wide.paste(cat, (0, 0))
    assert "cat" in (await classes(host, encoded(wide)))[0][0]


async def test_a_picture_is_described_in_a_few_words_as_sure_as_they_are(host: RunningHost) -> None:
    sure = await infer(host, "efficientnet-lite0-caption", "image-to-text", CAT, domain="caption")
    assert sure == {"text": "an Egyptian cat"}
    unsure = await infer(host, "efficientnet-lite0-caption", "image-to-text", encoded(drawn()[0]), domain="caption")
    assert str(unsure["text"]).startswith(("probably ", "perhaps "))


async def test_what_stands_out_is_cut_out_of_its_background(host: RunningHost) -> None:
    picture, ball = drawn()
    outputs = await infer(host, "u2netp", "image-segmentation", encoded(picture))
    assert (outputs["text"], outputs["count"]) == ("1 main subject", 1.0)
    cutout, media_type, file_name = stored(host, outputs["cutout"])
    assert (cutout.mode, cutout.size, media_type, file_name) == ("RGBA", picture.size, "image/png", "me.old-cutout.png")
    opaque = np.asarray(cutout.getchannel("A")) > 127
    assert (opaque & ball).sum() / (opaque | ball).sum() > 0.9
    assert cutout.getpixel((240, 160)) == (190, 40, 30, 255)
    assert np.asarray(cutout.getchannel("A"))[:20].max() < 10

    mask, _, _ = stored(host, outputs["mask"])
    assert set(np.unique(np.asarray(mask))) == {0, 1}
    segments = outputs["segments"]
    assert isinstance(segments, Json)
    (segment,) = segments.data
    assert (segment["id"], segment["label"]) == (1, "main subject")
    assert segment["area_share"] == pytest.approx(ball.mean(), rel=0.1)
    assert 0.5 < segment["score"] <= 1


async def test_a_picture_in_which_nothing_stands_out_has_no_segment(host: RunningHost) -> None:
    outputs = await infer(host, "u2netp", "image-segmentation", encoded(Image.new("RGB", (200, 120), "grey")))
    assert (outputs["text"], outputs["count"]) == ("nothing", 0.0)
    cutout, _, _ = stored(host, outputs["cutout"])
    assert np.asarray(cutout.getchannel("A")).max() == 0


async def test_what_was_transparent_stays_so(host: RunningHost) -> None:
    picture, ball = drawn()
    half = picture.convert("RGBA")
    half.paste((0, 0, 0, 0), (0, 0, 240, 320))
    cutout, _, _ = stored(host, (await infer(host, "u2netp", "image-segmentation", encoded(half)))["cutout"])
    alpha = np.asarray(cutout.getchannel("A"))
    assert alpha[:, :240].max() == 0
    assert (alpha[:, 244:][ball[:, 244:]] > 127).mean() > 0.8


async def test_the_same_thing_is_a_mask_white_on_black(host: RunningHost) -> None:
    picture, ball = drawn()
    outputs = await infer(host, "u2netp", "mask-generation", encoded(picture))
    masks = outputs["masks"]
    assert isinstance(masks, tuple)
    assert (len(masks), outputs["count"]) == (1, 1.0)
    mask, _, _ = stored(host, masks[0])
    white = np.asarray(mask) == 255
    assert (white & ball).sum() / (white | ball).sum() > 0.9


async def paint(host: RunningHost, content: bytes, prompt: str, **inputs: Value) -> tuple[Image.Image, str]:
    outputs = await infer(
        host, "style-transfer", "image-to-image", content, operation="redraw", prompt=prompt, **inputs
    )
    image, _, file_name = stored(host, outputs["image"])
    return image, file_name


async def test_a_picture_is_painted_in_the_style_that_is_named_at_its_own_size(host: RunningHost) -> None:
    picture = portrait()
    content = encoded(picture, "JPEG", quality=92)
    night, night_name = await paint(host, content, "in the style of Van Gogh's Starry Night")
    glass, glass_name = await paint(host, content, "a stained glass window")
    assert (night_name, glass_name) == ("me.old-starry-night.jpg", "me.old-stained-glass.jpg")
    assert night.size == glass.size == picture.size
    assert min(distance(night, picture), distance(glass, picture), distance(night, glass)) > 20
    # It is still the same picture: where it was dark it is darker than where it was light.
    dark = np.asarray(picture.convert("L")) < 60
    for painted in (night, glass):
        grey = np.asarray(painted.convert("L"), float)
        assert grey[dark].mean() < grey[~dark].mean() - 20


async def test_more_strength_is_more_of_the_style(host: RunningHost) -> None:
    picture = portrait().resize((256, 256))
    shares = [
        distance((await paint(host, encoded(picture), "mosaic", strength=strength))[0], picture)
        for strength in (0.0, 0.3, 1.0)
    ]
    assert shares[0] < 1 < shares[1] < shares[2]


async def test_styles_that_are_named_together_are_mixed(host: RunningHost) -> None:
    content = encoded(portrait().resize((256, 256)))
    both, name = await paint(host, content, "a mosaic in charcoal", strength=1.0)
    assert name == "me.old-mosaic-charcoal.png"
    mosaic, _ = await paint(host, content, "mosaic", strength=1.0)
    charcoal, _ = await paint(host, content, "charcoal", strength=1.0)
    assert max(distance(both, mosaic), distance(both, charcoal)) < distance(mosaic, charcoal)


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("a Viking at sea", "names no style that this expert paints in. It has pastel, pen and ink,"),
        ("a mosaic of a Viking", r"asks for more than a style \(viking\)"),
        ("", "names no style"),
    ],
)
async def test_what_is_no_style_is_not_drawn_and_not_left_out(host: RunningHost, prompt: str, words: str) -> None:
    with pytest.raises(InvalidArgumentError, match=words) as caught:
        await paint(host, CAT, prompt)
    assert caught.value.field == "inputs.prompt"


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 2), (7, 5)])
async def test_tiny_and_extreme_pictures_keep_their_size(host: RunningHost, size: tuple[int, int]) -> None:
    content = encoded(Image.new("RGB", size, "orange"))
    assert len(await classes(host, content)) == 20
    cutout, _, _ = stored(host, (await infer(host, "u2netp", "image-segmentation", content))["cutout"])
    painted, _ = await paint(host, content, "pastel")
    assert cutout.size == painted.size == size


async def test_they_take_little_memory(host: RunningHost) -> None:
    for expert, most in (("efficientnet-lite0", 150), ("u2netp", 400), ("style-transfer", 900)):
        assert 0 < (await host.client.status(expert)).memory_bytes < most << 20


@pytest.mark.parametrize(
    ("expert", "task_type"),
    [
        ("torn-efficientnet-lite0", "image-classification"),
        ("torn-u2netp", "image-segmentation"),
        ("torn-style-transfer", "image-to-image"),
        ("torn-ssd-mobilenet-coco", "object-detection"),
        ("torn-movenet-lightning", "openpose-control"),
        ("torn-rapidocr", "image-to-text"),
    ],
)
async def test_a_changed_file_leaves_its_expert_out_and_the_host_goes_on(
    host: RunningHost, expert: str, task_type: str
) -> None:
    inputs: dict[str, Value] = {"operation": "redraw", "prompt": "mosaic"} if task_type == "image-to-image" else {}
    with pytest.raises(FailedPreconditionError, match="is not the file that the catalogue names") as caught:
        await infer(host, expert, task_type, CAT, **inputs)
    assert caught.value.reason == "EXPERT_LOAD_FAILED"
    assert (await host.client.status(expert)).state is ExpertState.FAILED
    assert "cat" in (await classes(host, CAT))[0][0]
