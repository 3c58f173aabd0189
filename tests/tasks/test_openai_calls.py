"""Calls of the OpenAI API that real checkpoints answer: the `openai` package, gateway, controller, host and worker."""

from __future__ import annotations

import io
import warnings
from collections.abc import AsyncIterator, Iterator

import httpx2
import openai
import pytest
from PIL import Image

from orchestrion_gateway.config import GatewayConfig
from orchestrion_gateway.server import Gateway
from tests.checkpoints import diffusion, media
from tests.checkpoints.recognition_models import whisper
from tests.checkpoints.rows import TaskRow
from tests.system.processes import Servers
from tests.tasks.platform import TIMEOUT_S, write_catalogue

pytestmark = [pytest.mark.tasks, pytest.mark.timeout(400)]

PAINTER = next(row for row in diffusion.ROWS if row.task_type == "text-to-image")
INTERPRETER = TaskRow(
    task_type="automatic-speech-recognition",
    expert="tiny-whisper",
    make=whisper,
    inputs={},
    check=lambda outputs: None,
    facts={"languages": ["en", "de", "fr"]},
)


@pytest.fixture(scope="module")
def controller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a controller whose host paints and writes down speech, and does nothing else."""
    folder = tmp_path_factory.mktemp("openai")
    catalogue = write_catalogue((PAINTER, INTERPRETER), folder)
    with Servers(folder) as servers:
        address = servers.controller().grpc_address
        servers.host(
            "--profile", "none", "--catalogue-paths", str(catalogue), "--exports-path", str(folder / "exports")
        )
        yield address


@pytest.fixture
async def gateway(controller: str) -> AsyncIterator[str]:
    """The address of a gateway of that controller."""
    gateway = Gateway(GatewayConfig(controller=controller, port=0, metrics_port=0, shutdown_grace_s=1.0))
    await gateway.start()
    yield f"http://{gateway.address}"
    await gateway.stop()


@pytest.fixture
async def ai(gateway: str) -> AsyncIterator[openai.AsyncOpenAI]:
    """The official package; it is lenient, since a segment of OpenAI's has figures of Whisper's inner life."""
    async with openai.AsyncOpenAI(
        base_url=f"{gateway}/v1",
        api_key="none",
        max_retries=0,
        timeout=TIMEOUT_S,
        http_client=openai.DefaultAsyncHttpxClient(trust_env=False),
    ) as ai:
        yield ai


async def test_a_picture_is_painted_of_the_size_asked_for(ai: openai.AsyncOpenAI) -> None:
    painted = await ai.images.generate(model=PAINTER.expert, prompt="a cat", size="96x64")
    assert painted.data is not None
    (described,) = painted.data
    async with httpx2.AsyncClient(trust_env=False) as http:
        content = (await http.get(str(described.url))).raise_for_status().content
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.size == (96, 64)
        assert len(picture.convert("RGB").getcolors(96 * 64) or ()) > 1


async def test_speech_is_translated_into_english(ai: openai.AsyncOpenAI) -> None:
    with media.SPEECH.open("rb") as recording, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # OpenAI has deprecated its model, not the call.
        translated = await ai.audio.translations.create(
            model=INTERPRETER.expert, file=recording, response_format="verbose_json"
        )
    assert translated.language == "en"
    assert translated.duration > 1
    # A checkpoint that has learnt nothing writes something, in the letters that it has.
    assert translated.text
