"""What JARVIS' own web app sends, and how it reads what comes back (`hugginggpt/web/src` there)."""

from __future__ import annotations

import re
from typing import Any, Final

import httpx2

ORIGIN: Final = "http://localhost:9999"
"""Where its development server has it: another origin than the gateway's."""

GREETING: Final = {"role": "assistant", "content": "Hi there, I am HuggingGPT empowered by Huggingface family!"}

# From a slash or a scheme to the first ending that it shows; a video's path may have spaces in it.
_IMAGES: Final = re.compile(r"(?:https?:|/)\S*?\.(?:jpg|jpeg|tiff|gif|png)")
_AUDIOS: Final = re.compile(r"(?:https?:|/)\S*?\.(?:flac|wav)")
_VIDEOS: Final = re.compile(r"(?:https?:|/)[/.\w\s:|-]*?\.mp4")


class WebApp:
    """One open page of it."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http
        self.turns: list[dict[str, str]] = [GREETING]

    async def say(self, words: str) -> str:
        """Sends what somebody types, as its page does, and returns the answer that it shows."""
        self.turns.append({"role": "user", "content": words})
        response = await self.send("hugginggpt", self.turns[1:])
        assert response.status_code == 200, response.text
        message: str = response.json()["message"]
        self.turns.append({"role": "assistant", "content": message})
        return message

    async def send(self, call: str, turns: list[dict[str, str]], **fields: Any) -> httpx2.Response:
        """Makes a call as the page makes it."""
        headers = {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site", "Accept": "application/json, text/plain, */*"}
        body = {"model": "gpt-3.5-turbo", "messages": turns, **fields}
        return await self._http.post(f"/{call}", json=body, headers=headers)


def user(words: str) -> list[dict[str, str]]:
    """The turns of a page on which somebody has typed once."""
    return [{"role": "user", "content": words}]


def shown(message: str) -> dict[str, list[str]]:
    """Returns the pictures, sounds and videos that its page shows below a message."""
    return {
        "image": list(dict.fromkeys(_IMAGES.findall(message))),
        "audio": list(dict.fromkeys(_AUDIOS.findall(message))),
        "video": list(dict.fromkeys(_VIDEOS.findall(message))),
    }
