"""The expert `opencv`, on a real host: edges, and new pictures from pictures."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from orchestrion.errors import InvalidArgumentError
from orchestrion.inference import InferOutputs, InferProgress
from orchestrion.values import Value
from tests.rpc.host.hosts import RunningHost
from tests.rpc.host.vision import (
    ASTRONAUT,
    detail,
    distance,
    edges,
    encoded,
    make,
    portrait,
    put,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_edges_are_white_on_black_where_the_picture_changes(host: RunningHost) -> None:
    square = Image.new("RGB", (200, 120), "navy")
    square.paste("orange", (50, 30, 150, 90))
    drawn, media_type, file_name = await edges(host, encoded(square), "square.png")
    assert (drawn.size, media_type, file_name) == ((200, 120), "image/png", "square-edges.png")
    shades = np.asarray(drawn.convert("L"))
    assert set(np.unique(shades)) == {0, 255}
    rows, columns = np.nonzero(shades)
    assert (abs(rows.min() - 30) <= 1, abs(rows.max() - 90) <= 1) == (True, True)
    assert (abs(columns.min() - 50) <= 1, abs(columns.max() - 150) <= 1) == (True, True)
    assert not shades[35:85, 55:145].any()


async def test_lower_thresholds_draw_more_edges(host: RunningHost) -> None:
    async def edge_count(**inputs: Any) -> int:
        drawn, _, _ = await edges(host, ASTRONAUT.read_bytes(), **inputs)
        return int(np.count_nonzero(np.asarray(drawn.convert("L"))))

    plain = await edge_count()
    assert await edge_count(low_threshold=100.0, high_threshold=200.0) == plain
    assert await edge_count(low_threshold=20.0, high_threshold=60.0) > 1.5 * plain
    assert await edge_count(high_threshold=255.0) < plain


async def test_strength_says_how_much(host: RunningHost) -> None:
    original, content = portrait(), ASTRONAUT.read_bytes()

    async def details(operation: str) -> list[float]:
        made = [await make(host, content, operation, strength=strength) for strength in (0.0, 0.3, 1.0)]
        return [detail(image) for image, _, _ in made]

    unblurred, little, much = await details("blur")
    assert unblurred > 0.8 * detail(original) > 3 * little > 3 * much
    unsharpened, little, much = await details("sharpen")
    assert much > 1.3 * little > 1.3 * unsharpened


async def test_a_photograph_of_twelve_megapixels_is_blurred_as_visibly_as_its_thumbnail(host: RunningHost) -> None:
    small = portrait().resize((400, 300))
    large = small.resize((4000, 3000), Image.Resampling.BICUBIC)
    of_small, _, _ = await make(host, encoded(small, "JPEG", quality=95), "blur")
    of_large, _, _ = await make(host, encoded(large, "JPEG", quality=95), "blur")
    assert distance(of_large.resize((400, 300), Image.Resampling.BOX), of_small) < 4
    assert distance(of_small, small) > 20


async def test_greyscale_leaves_no_colour_unless_it_is_asked_to(host: RunningHost) -> None:
    def colour(image: Image.Image) -> int:
        samples = np.asarray(image.convert("RGB"), int)
        return int((samples.max(axis=2) - samples.min(axis=2)).max())

    content = encoded(portrait())
    grey, _, file_name = await make(host, content, "greyscale", "a.png")
    half, _, _ = await make(host, content, "greyscale", strength=0.5)
    assert (colour(grey), file_name) == (0, "a-grey.png")
    assert 50 < colour(half) < 0.7 * colour(portrait())
    assert distance(grey, portrait().convert("L")) < 2


@pytest.mark.parametrize(
    ("inputs", "size"), [({}, (300, 200)), ({"scale": 3.5}, (525, 350)), ({"scale": 1.0}, (150, 100))]
)
async def test_upscale_enlarges_both_sides(host: RunningHost, inputs: dict[str, Value], size: tuple[int, int]) -> None:
    small = portrait().resize((150, 100), Image.Resampling.LANCZOS)
    large, _, file_name = await make(host, encoded(small), "upscale", "x.png", **inputs)
    assert (large.size, file_name) == (size, "x-upscaled.png")
    assert distance(large.resize((150, 100), Image.Resampling.BOX), small) < 6


async def test_upscale_makes_no_picture_larger_than_the_host_takes(host: RunningHost) -> None:
    with pytest.raises(InvalidArgumentError, match="100,000,000") as caught:
        await make(host, encoded(Image.new("1", (8000, 6000))), "upscale")
    assert caught.value.field == "inputs.scale"
    assert caught.value.metadata["pixel_count"] == "192000000"
    assert caught.value.metadata["limit_pixel_count"] == "100000000"


async def test_denoise_comes_nearer_to_the_clean_picture(host: RunningHost) -> None:
    clean = portrait().crop((100, 0, 400, 300))
    noise = np.random.default_rng(7).normal(0, 15, (300, 300, 3))
    noisy = Image.fromarray(np.clip(np.asarray(clean) + noise, 0, 255).astype(np.uint8))
    cleaned, _, file_name = await make(host, encoded(noisy), "denoise", "night.png")
    assert file_name == "night-denoised.png"
    assert distance(cleaned, clean) < 0.65 * distance(noisy, clean)
    untouched, _, _ = await make(host, encoded(noisy), "denoise", strength=0.0)
    assert distance(untouched, noisy) == 0


@pytest.mark.parametrize("operation", ["denoise", "greyscale", "blur", "sharpen", "upscale"])
async def test_transparency_stays_and_what_it_hides_is_not_seen(host: RunningHost, operation: str) -> None:
    picture = Image.new("RGBA", (80, 60), (0, 0, 0, 0))
    picture.paste((200, 120, 40, 255), (20, 15, 60, 45))
    made, media_type, _ = await make(host, encoded(picture), operation)
    assert (made.mode, media_type) == ("RGBA", "image/png")
    samples = np.asarray(made.resize((80, 60), Image.Resampling.BOX)).astype(int)
    original = np.asarray(picture)
    assert np.abs(samples[:, :, 3] - original[:, :, 3])[[0, 30, 59]].max() < 30
    seen = samples[20:40, 25:55, :3]
    wanted = [131, 131, 131] if operation == "greyscale" else [200, 120, 40]
    # The black beneath what is transparent does not darken what is not.
    assert np.abs(seen - wanted).max() <= 12


async def test_a_colour_profile_goes_with_the_colours(host: RunningHost) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = encoded(portrait(), "JPEG", icc_profile=profile)
    blurred, _, _ = await make(host, content, "blur")
    assert blurred.info["icc_profile"] == profile
    # The profile of a grey would be wrong for three colours.
    grey, _, _ = await make(host, encoded(portrait().convert("L"), icc_profile=profile), "blur")
    assert "icc_profile" not in grey.info


@pytest.mark.parametrize(
    ("task_type", "inputs", "field", "words"),
    [
        ("canny-control", {"low_threshold": 150.0, "high_threshold": 50.0}, "low_threshold", "`high_threshold`"),
        ("canny-control", {"low_threshold": 220.0}, "low_threshold", "200 when left out"),
        ("canny-control", {"high_threshold": 300.0}, "high_threshold", "from 0 to 255"),
        ("image-to-image", {"operation": "melt"}, "operation", "one of denoise"),
        ("image-to-image", {}, "operation", "missing"),
        ("image-to-image", {"operation": "blur", "strength": 2.0}, "strength", "from 0 to 1"),
        ("image-to-image", {"operation": "upscale", "scale": 0.5}, "scale", "from 1 to 8"),
    ],
)
async def test_the_input_at_fault_is_named(
    host: RunningHost, task_type: str, inputs: dict[str, Value], field: str, words: str
) -> None:
    values = {"image": put(host, ASTRONAUT.read_bytes()), **inputs}
    with pytest.raises(InvalidArgumentError, match=words) as caught:
        await host.client.infer_with("opencv", values, task_type=task_type)
    assert (caught.value.reason, caught.value.field) == ("INVALID_INPUT", f"inputs.{field}")


async def test_a_long_denoise_tells_how_far_it_is_and_ends_when_it_is_cancelled(host: RunningHost) -> None:
    # Minutes of work: it would still run when the test gives up.
    content = encoded(Image.effect_noise((7000, 7000), 20), "JPEG")
    values: dict[str, Value] = {"image": put(host, content), "operation": "denoise"}
    before = await host.metric("orchestrion_host_inferences_total", expert="opencv", outcome="cancelled")
    fractions: asyncio.Queue[float] = asyncio.Queue()

    async def watch() -> None:
        async for event in host.client.events("opencv", values, task_type="image-to-image"):
            assert not isinstance(event, InferOutputs)
            if isinstance(event, InferProgress) and event.message == "removing noise":
                assert event.fraction is not None
                fractions.put_nowait(event.fraction)

    watching = asyncio.create_task(watch())
    first, second = await fractions.get(), await fractions.get()
    assert 0 <= first < second < 0.5
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    await host.when("opencv", lambda status: status.running_count == 0)
    cancelled = await host.metric("orchestrion_host_inferences_total", expert="opencv", outcome="cancelled")
    assert cancelled == before + 1
    # Its worker goes on.
    assert (await make(host, ASTRONAUT.read_bytes(), "sharpen"))[0].size == (512, 512)
